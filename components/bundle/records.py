"""Raw timelines and movies as the bundle needs them: read once, in the order of the catalogue."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from transform import features, held_out

SCALARS: dict[str, tf.DType] = {
    features.AGE: tf.int64,
    features.GENDER: tf.string,
    features.OCCUPATION: tf.string,
    features.ZIP: tf.string,
}
LISTS: dict[str, tf.DType] = {
    features.MOVIE_ID: tf.string,
    features.RATING: tf.float32,
    features.TIMESTAMP: tf.int64,
}
UNKNOWN: dict[tf.DType, int | str | float] = {tf.int64: -1, tf.string: "", tf.float32: 0.0}


@dataclasses.dataclass(frozen=True)
class Movies:
    """The whole catalogue, in order of its id's bytes; a movie's place is its position."""

    examples: np.ndarray
    """`[movies]` bytes, serialized `tf.Example`."""

    movie_id: np.ndarray
    """`[movies]` bytes."""

    title: np.ndarray
    """`[movies]` bytes, UTF-8."""

    withdrawn: frozenset[bytes] = frozenset()
    """Movies that may have been rated, and must not be recommended: not in this catalogue."""

    def positions(self, movie_ids: np.ndarray) -> np.ndarray:
        """Returns the position of each `[any]` id, -1 for those withdrawn.

        Raises:
            ValueError: An id is not in the catalogue.
        """
        found = np.searchsorted(self.movie_id, movie_ids)
        found = np.minimum(found, len(self.movie_id) - 1)
        missing = self.movie_id[found] != movie_ids
        lost = sorted(set(movie_ids[missing]) - self.withdrawn)
        if lost:
            raise ValueError(
                f"Movie {lost[0].decode()!r} was rated and is not in the catalogue: "
                "timelines and movies come from different data."
            )
        return np.where(missing, -1, found)

    def without(self, movie_ids: frozenset[bytes]) -> "Movies":
        """Returns the catalogue without some movies.

        Raises:
            ValueError: One of them is not in it, or none would be left.
        """
        unknown = sorted(movie_ids - set(self.movie_id))
        if unknown:
            raise ValueError(f"Can't withdraw movie {unknown[0].decode()!r}: there is none.")
        kept = np.array([movie_id not in movie_ids for movie_id in self.movie_id])
        if not kept.any():
            raise ValueError("Can't withdraw every movie: nothing would be left to recommend.")
        return Movies(
            self.examples[kept], self.movie_id[kept], self.title[kept], self.withdrawn | movie_ids
        )


def read_examples(files: Sequence[str]) -> np.ndarray:
    """Returns every record of gzipped TFRecords as `[records]` bytes.

    Raises:
        ValueError: No record matches `files`.
    """
    paths = sorted(tf.io.gfile.glob(list(files)))
    records = list(tf.data.TFRecordDataset(paths, compression_type="GZIP").as_numpy_iterator())
    if not records:
        raise ValueError(f"No records in {', '.join(files)}: nothing to build an index from.")
    return np.array(records, dtype=object)


def read_movies(files: Sequence[str]) -> Movies:
    """Reads the raw catalogue."""
    examples = read_examples(files)
    parsed = tf.io.parse_example(
        examples,
        {
            name: tf.io.FixedLenFeature([], tf.string)
            for name in (features.MOVIE_ID, features.TITLE)
        },
    )
    movie_id = parsed[features.MOVIE_ID].numpy()
    order = np.argsort(movie_id, kind="stable")
    return Movies(examples[order], movie_id[order], parsed[features.TITLE].numpy()[order])


def parse_queries(examples: tf.Tensor) -> dict[str, tf.Tensor]:
    """Parses `[batch]` serialized raw timelines into padded tensors, labels left aside.

    Returns:
        By name: `[batch]` user id and profile (-1 or empty: unknown), and `[batch, length]` history
        lists padded after the end with empty ids. It is what `embed_query` takes.
    """
    spec = {features.USER_ID: tf.io.FixedLenFeature([], tf.string)}
    spec |= {
        name: tf.io.FixedLenFeature([], kind, default_value=UNKNOWN[kind])
        for name, kind in SCALARS.items()
    }
    spec |= {name: tf.io.RaggedFeature(kind) for name, kind in LISTS.items()}
    parsed = tf.io.parse_example(examples, spec)
    for name, kind in LISTS.items():
        parsed[name] = parsed[name].to_tensor(UNKNOWN[kind])
    return parsed


def parse_labels(examples: tf.Tensor) -> tf.RaggedTensor:
    """Returns the label movies of `[batch]` serialized raw timelines, `[batch, None]` string."""
    spec = {features.LABEL_MOVIE_ID: tf.io.RaggedFeature(tf.string)}
    return tf.io.parse_example(examples, spec)[features.LABEL_MOVIE_ID]


def timestamps(examples: np.ndarray) -> np.ndarray:
    """Returns when each rating was given, held out or not, `[ratings]` int64 seconds UTC."""
    names = (features.TIMESTAMP, features.LABEL_TIMESTAMP)
    parsed = tf.io.parse_example(examples, {name: tf.io.RaggedFeature(tf.int64) for name in names})
    return np.concatenate([parsed[name].flat_values.numpy() for name in names])


def with_labels_as_history(examples: np.ndarray) -> np.ndarray:
    """Returns timelines whose held-out ratings have joined the history, in time order.

    That is all that is known of a user, and what a served recommendation may use.

    Args:
        examples: `[users]` bytes, serialized raw timelines.
    """
    return np.array([_joined(example) for example in examples], dtype=object)


def _joined(serialized: bytes) -> bytes:
    example = tf.train.Example.FromString(serialized)
    feature = example.features.feature
    times = [
        np.array(feature[name].int64_list.value, np.int64)
        for name in (features.TIMESTAMP, features.LABEL_TIMESTAMP)
    ]
    splits, label_splits = (np.array([0, len(column)]) for column in times)
    order, _ = held_out.join_order(times[0], splits, times[1], label_splits)
    for name, label, kind in (
        (features.MOVIE_ID, features.LABEL_MOVIE_ID, "bytes_list"),
        (features.RATING, features.LABEL_RATING, "float_list"),
        (features.TIMESTAMP, features.LABEL_TIMESTAMP, "int64_list"),
    ):
        values = [
            *getattr(feature[name], kind).value,
            *getattr(feature[label], kind).value,
        ]
        del getattr(feature[name], kind).value[:]
        getattr(feature[name], kind).value.extend(values[index] for index in order)
        del feature[label]
    return example.SerializeToString(deterministic=True)
