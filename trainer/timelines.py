"""Transformed timelines as arrays, and the windows of them that training sees.

A split is read once into flat arrays (25 million ratings are 200 MB a column), so that an epoch is
array slicing and not parsing.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from transform import features

PADDING = -1
START = -2  # stands before the first movie of every timeline
BEYOND = np.iinfo(np.int64).max  # a position behind the end of every timeline
NO_GAP = -1
READ_BATCH = 1024
LIST_TYPES = (tf.int64, tf.float32, tf.int64)  # of movie rows, stars and seconds
PROFILE_ROWS = (features.USER_ID, *features.PROFILE)


@dataclasses.dataclass(frozen=True)
class Timelines:
    """A split of transformed timelines, in order of user row."""

    profile: dict[str, np.ndarray]
    """By feature name: `[users]` int64 rows of the user id and of each profile feature."""

    history: np.ndarray
    """`[ratings]` int64 movie rows, all histories one after another, each in time order."""

    history_splits: np.ndarray
    """`[users + 1]` int64: user `i`'s history is `history[splits[i]:splits[i + 1]]`."""

    label: np.ndarray
    """`[labels]` int64 movie rows that were held out."""

    label_splits: np.ndarray
    """`[users + 1]` int64, as `history_splits`."""

    rating: np.ndarray
    """`[ratings]` float32 stars, beside `history`."""

    timestamp: np.ndarray
    """`[ratings]` int64 seconds, beside `history`."""

    def __len__(self) -> int:
        """Number of users."""
        return len(self.history_splits) - 1


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What queries may see of timelines: movies, and how and when they were rated."""

    movies: np.ndarray
    """`[windows, window]` int64 movie rows, `START`, or `PADDING` after the end."""

    ratings: np.ndarray
    """`[windows, window]` float32 stars; 0 where there is no movie."""

    gaps: np.ndarray
    """`[windows, window]` int64 seconds since the movie before; `NO_GAP` where there is none."""

    def __len__(self) -> int:
        """Number of windows."""
        return len(self.movies)


@dataclasses.dataclass(frozen=True)
class Windows:
    """Pieces of timelines of equal length: at each position the past so far, and what came next."""

    profile: dict[str, np.ndarray]
    """By feature name: `[windows]` int64 rows."""

    inputs: Inputs
    """The past."""

    targets: np.ndarray
    """`[windows, window]` int64 movie row that follows each input, or `PADDING`."""


def read_timelines(
    files: Sequence[str], feature_spec: dict, learn_labels_of: int | None = None
) -> Timelines:
    """Reads one split of transformed timelines.

    Args:
        files: File patterns of gzipped TFRecords, as Transform writes them.
        feature_spec: `TFTransformOutput.transformed_feature_spec()`.
        learn_labels_of: Movies in the vocabulary. If given, what was held out joins the history,
            in time order, and no label is left; movies outside the vocabulary are left out, since
            nothing could be learned of them.

    Returns:
        The split, sorted by user row so that it does not depend on the order of the files.

    Raises:
        ValueError: No record matches `files`.
    """
    paths = sorted(tf.io.gfile.glob(list(files)))
    records = list(tf.data.TFRecordDataset(paths, "GZIP").batch(READ_BATCH))
    if not records:
        raise ValueError(f"No timelines in {', '.join(files)}: the split is empty.")
    spec = {name: feature_spec[name] for name in PROFILE_ROWS}
    for names in (features.HISTORY, features.LABEL):
        spec |= zip(names, map(tf.io.RaggedFeature, LIST_TYPES), strict=True)
    batches = [tf.io.parse_example(batch, spec) for batch in records]
    rows = {name: tf.concat([batch[name] for batch in batches], axis=0) for name in spec}
    order = tf.argsort(rows[features.USER_ID], stable=True)
    rows = {name: tf.gather(column, order) for name, column in rows.items()}
    if learn_labels_of is not None:
        rows |= _learned(rows, learn_labels_of)
    history, label = rows[features.MOVIE_ID], rows[features.LABEL_MOVIE_ID]
    return Timelines(
        profile={name: rows[name].numpy() for name in PROFILE_ROWS},
        history=history.values.numpy(),
        history_splits=history.row_splits.numpy(),
        label=label.values.numpy(),
        label_splits=label.row_splits.numpy(),
        rating=rows[features.RATING].values.numpy(),
        timestamp=rows[features.TIMESTAMP].values.numpy(),
    )


def _learned(rows: dict[str, tf.RaggedTensor], movies: int) -> dict[str, tf.RaggedTensor]:
    """Returns history and label columns after the labels have joined the history."""
    joined = {
        name: tf.concat([rows[name], rows[label]], axis=1)
        for name, label in zip(features.HISTORY, features.LABEL, strict=True)
    }
    known = joined[features.MOVIE_ID] < movies
    joined = {name: tf.ragged.boolean_mask(column, known) for name, column in joined.items()}
    when = joined[features.TIMESTAMP]
    order = np.lexsort((when.values.numpy(), when.value_rowids().numpy()))
    joined = {name: c.with_values(tf.gather(c.values, order)) for name, c in joined.items()}
    return joined | {name: rows[name][:, :0] for name in features.LABEL}


def training_windows(
    timelines: Timelines, window: int, chance: np.random.Generator | None = None
) -> Windows:
    """Cuts every history into windows in which each movie is a target once.

    A timeline `a b c d` with a window of 3 gives inputs `START a b` and `c`, targets `a b c` and
    `d`: what a query may use at a position never includes its target.

    Args:
        timelines: The histories.
        window: Length of a window.
        chance: Shortens each user's first window at random, so that every movie is seen with pasts
            of all lengths; None cuts at multiples of `window`.
    """
    lengths = np.diff(timelines.history_splits)
    users = len(timelines)
    cut = np.zeros(users, np.int64) if chance is None else chance.integers(0, window, users)
    cut = np.where(lengths > 0, cut, 0)  # an empty history has no window
    pieces = -(-(lengths + cut) // window)
    user = np.repeat(np.arange(users), pieces)
    piece = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    first = piece * window - cut[user]
    position = np.maximum(first, 0)[:, np.newaxis] + np.arange(window)
    targets = _movies(timelines, user, position)
    targets[position >= (first + window)[:, np.newaxis]] = PADDING
    profile = {name: rows[user] for name, rows in timelines.profile.items()}
    inputs = _inputs(timelines, user, np.where(targets == PADDING, BEYOND, position - 1))
    return Windows(profile, inputs, targets)


def shuffled(timelines: Timelines, chance: np.random.Generator) -> Timelines:
    """Returns the timelines with each history in random order."""
    user = np.repeat(np.arange(len(timelines)), np.diff(timelines.history_splits))
    order = np.lexsort((chance.random(len(user)), user))
    columns = ("history", "rating", "timestamp")
    return dataclasses.replace(
        timelines, **{name: getattr(timelines, name)[order] for name in columns}
    )


def latest_inputs(timelines: Timelines, window: int) -> Inputs:
    """Returns each user's latest `window` inputs, padded after the end."""
    lengths = np.diff(timelines.history_splits)
    first = np.maximum(lengths - window, -1)
    position = first[:, np.newaxis] + np.arange(window)
    return _inputs(timelines, np.arange(len(timelines)), position)


def _inputs(timelines: Timelines, user: np.ndarray, position: np.ndarray) -> Inputs:
    """Returns each `[rows]` user's past at `[rows, window]` positions of the history."""
    gaps = np.diff(timelines.timestamp, prepend=0)
    starts = timelines.history_splits[:-1]
    gaps[starts[starts < len(gaps)]] = NO_GAP
    return Inputs(
        movies=_movies(timelines, user, position),
        ratings=_take(timelines, timelines.rating, user, position, 0.0),
        gaps=_take(timelines, gaps, user, position, NO_GAP),
    )


def _movies(timelines: Timelines, user: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Returns each `[rows]` user's movies at `[rows, window]` positions of the history."""
    outside = np.where(position < 0, START, PADDING)
    return _take(timelines, timelines.history, user, position, outside)


def _take(
    timelines: Timelines,
    column: np.ndarray,
    user: np.ndarray,
    position: np.ndarray,
    outside: np.ndarray | float,
) -> np.ndarray:
    """Returns what stands in a column beside `history` at `[rows, window]` positions of a user's.

    Args:
        timelines: Whose histories.
        column: `[ratings]`.
        user: `[rows]` users.
        position: `[rows, window]` places in the history.
        outside: What is returned where the history has no such place.
    """
    start = timelines.history_splits[user][:, np.newaxis]
    length = (timelines.history_splits[user + 1] - timelines.history_splits[user])[:, np.newaxis]
    inside = (position >= 0) & (position < length)
    flat = np.append(column, column.dtype.type(0))  # never empty, so that any index is legal
    return np.where(inside, flat[np.where(inside, start + position, 0)], outside)
