"""Transformed timelines as arrays.

A split is read once into flat arrays (25 million ratings are 200 MB a column), so that an epoch is
array slicing and not parsing; windows are cut out of them a batch at a time.
"""

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from transform import features

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

    @functools.cached_property
    def gap(self) -> np.ndarray:
        """`[ratings]` int64 seconds since the movie before; `NO_GAP` for a user's first."""
        gap = np.diff(self.timestamp, prepend=0)
        starts = self.history_splits[:-1]
        gap[starts[starts < len(gap)]] = NO_GAP
        return gap


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
