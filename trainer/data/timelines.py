"""Transformed timelines as flat arrays.

A split is read once into flat arrays (25 million ratings are 200 MB a column), so that an epoch is
array slicing and not parsing; windows are cut out of them a batch at a time.
"""

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from transform import features
from transform.held_out import join_order

NO_GAP = -1
READ_BATCH = 1024
LIST_TYPES = (tf.int64, tf.float32, tf.int64)  # of movie rows, stars and seconds
USER_FEATURES = (features.USER_ID, *features.PROFILE)


@dataclasses.dataclass(frozen=True)
class Timelines:
    """A split of transformed timelines, in order of user row."""

    user_features: dict[str, np.ndarray]
    """By feature name: `[users]` int64 rows of the user id and of each user feature."""

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

    label_rating: np.ndarray
    """`[labels]` float32 stars, beside `label`."""

    timestamp: np.ndarray
    """`[ratings]` int64 seconds since 1970-01-01 UTC, beside `history`."""

    label_timestamp: np.ndarray
    """`[labels]` int64 seconds, beside `label`."""

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


def read_timelines(files: Sequence[str], feature_spec: dict) -> Timelines:
    """Reads one split of transformed timelines.

    Args:
        files: File patterns of gzipped TFRecords, as Transform writes them.
        feature_spec: Parsing specs by feature name: `TFTransformOutput.transformed_feature_spec()`.

    Returns:
        The split, sorted by user row so that it does not depend on the order of the files.

    Raises:
        ValueError: No record matches `files`.
    """
    paths = sorted(tf.io.gfile.glob(list(files)))
    records = list(tf.data.TFRecordDataset(paths, "GZIP").batch(READ_BATCH))
    if not records:
        raise ValueError(f"No timelines in {', '.join(files)}: the split is empty.")
    spec = {name: feature_spec[name] for name in USER_FEATURES}
    for names in (features.HISTORY, features.LABEL):
        spec |= zip(names, map(tf.io.RaggedFeature, LIST_TYPES), strict=True)
    batches = [tf.io.parse_example(batch, spec) for batch in records]
    rows = {name: tf.concat([batch[name] for batch in batches], axis=0) for name in spec}
    order = tf.argsort(rows[features.USER_ID], stable=True)
    rows = {name: tf.gather(column, order) for name, column in rows.items()}
    history, label = rows[features.MOVIE_ID], rows[features.LABEL_MOVIE_ID]
    return Timelines(
        user_features={name: rows[name].numpy() for name in USER_FEATURES},
        history=history.values.numpy(),
        history_splits=history.row_splits.numpy(),
        label=label.values.numpy(),
        label_splits=label.row_splits.numpy(),
        rating=rows[features.RATING].values.numpy(),
        label_rating=rows[features.LABEL_RATING].values.numpy(),
        timestamp=rows[features.TIMESTAMP].values.numpy(),
        label_timestamp=rows[features.LABEL_TIMESTAMP].values.numpy(),
    )


def learn_labels(timelines: Timelines, movies: int) -> Timelines:
    """Moves the labels into the histories, in time order; no label is left.

    Args:
        timelines: A split with labels.
        movies: Number of movies in the vocabulary. Rows from here on mean "unseen": such ratings
            are left out, since nothing could be learned of them.
    """
    order, splits = join_order(
        timelines.timestamp,
        timelines.history_splits,
        timelines.label_timestamp,
        timelines.label_splits,
    )
    movie = np.concatenate([timelines.history, timelines.label])[order]
    known = movie < movies
    order = order[known]
    return dataclasses.replace(
        timelines,
        history=movie[known],
        history_splits=np.append(0, np.cumsum(known))[splits],
        rating=np.concatenate([timelines.rating, timelines.label_rating])[order],
        timestamp=np.concatenate([timelines.timestamp, timelines.label_timestamp])[order],
        label=timelines.label[:0],
        label_splits=np.zeros_like(splits),
        label_rating=timelines.label_rating[:0],
        label_timestamp=timelines.label_timestamp[:0],
    )
