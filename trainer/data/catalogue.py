"""Transformed movies as arrays: the fixed set of candidates that training ranks."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from transform import features


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """Every movie, rated or not, in order of its id's bytes."""

    movie_id: np.ndarray
    """`[movies]` bytes."""

    title: np.ndarray
    """`[movies]` bytes, UTF-8."""

    year: np.ndarray
    """`[movies]` int64 year buckets."""

    genres: tf.RaggedTensor
    """`[movies, None]` int64 rows."""

    title_words: tf.RaggedTensor
    """`[movies, None]` int64 rows."""

    def __len__(self) -> int:
        """Number of movies."""
        return len(self.movie_id)

    def positions_of(self, movie_ids: Sequence[bytes]) -> np.ndarray:
        """Returns the position of each id in the catalogue, `[len(movie_ids)]` int64.

        Args:
            movie_ids: Ids, in any order.

        Raises:
            ValueError: An id is not in the catalogue.
        """
        position = {movie_id: index for index, movie_id in enumerate(self.movie_id)}
        missing = [movie_id for movie_id in movie_ids if movie_id not in position]
        if missing:
            raise ValueError(
                f"{len(missing)} rated movies are not in the catalogue, the first is "
                f"{missing[0].decode()!r}: timelines and movies come from different data."
            )
        return np.array([position[movie_id] for movie_id in movie_ids], dtype=np.int64)


def read_catalogue(files: Sequence[str]) -> Catalogue:
    """Reads the transformed movies.

    Args:
        files: File patterns of gzipped TFRecords, as Transform writes them.

    Raises:
        ValueError: No record matches `files`.
    """
    spec = {
        features.MOVIE_ID: tf.io.FixedLenFeature([], tf.string),
        features.TITLE: tf.io.FixedLenFeature([], tf.string),
        features.YEAR: tf.io.FixedLenFeature([], tf.int64),
        features.GENRES: tf.io.RaggedFeature(tf.int64),
        features.TITLE_WORDS: tf.io.RaggedFeature(tf.int64),
    }
    paths = sorted(tf.io.gfile.glob(list(files)))
    records = list(tf.data.TFRecordDataset(paths, compression_type="GZIP").as_numpy_iterator())
    if not records:
        raise ValueError(f"No movies in {', '.join(files)}: the catalogue is empty.")
    rows = tf.io.parse_example(records, spec)
    order = np.argsort(rows[features.MOVIE_ID].numpy(), kind="stable")
    return Catalogue(
        movie_id=rows[features.MOVIE_ID].numpy()[order],
        title=rows[features.TITLE].numpy()[order],
        year=rows[features.YEAR].numpy()[order],
        genres=tf.gather(rows[features.GENRES], order),
        title_words=tf.gather(rows[features.TITLE_WORDS], order),
    )
