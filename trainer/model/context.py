"""Context of the movies of a timeline: how, and how long after the one before, they were rated."""

import math

import tensorflow as tf

from trainer.config import ModelConfig

STEPS_PER_STAR = 2
RATING_ROWS = 1 + 5 * STEPS_PER_STAR  # row 0: unknown
GAP_ROWS = 32  # row 0: unknown; then powers of two up to 34 years


class Context(tf.keras.layers.Layer):
    """Adds to each movie's vector one for its rating and one for the time before it.

    Queries may hold ids alone, so training hides both in a share of the windows.
    """

    def __init__(self, config: ModelConfig) -> None:
        """Creates the tables that the configuration asks for.

        Args:
            config: Hyperparameters; `ratings`, `gaps`, `embedding_dim` and `id_dropout` are used.
        """
        super().__init__()
        self._hidden = config.id_dropout
        table = tf.keras.layers.Embedding
        self._ratings = table(RATING_ROWS, config.embedding_dim) if config.ratings else None
        self._gaps = table(GAP_ROWS, config.embedding_dim) if config.gaps else None

    def call(
        self,
        movies: tf.Tensor,
        ratings: tf.Tensor | None,
        gaps: tf.Tensor | None,
        training: bool = False,
    ) -> tf.Tensor:
        """Adds the context to the vectors of movies.

        Args:
            movies: `[batch, window, dim]` float32.
            ratings: `[batch, window]` float32 stars; 0, or None for all: unknown.
            gaps: `[batch, window]` int64 seconds; negative, or None for all: unknown.
            training: Whether windows lose both at random.

        Returns:
            `[batch, window, dim]` float32.
        """
        unknown = tf.zeros(tf.shape(movies)[:2], tf.int64)
        shown = tf.constant(1, tf.int64)
        if training and self._hidden and (self._ratings or self._gaps):
            draw = tf.random.uniform([tf.shape(movies)[0], 1])
            shown = tf.cast(draw >= self._hidden, tf.int64)
        if self._ratings is not None:
            rows = unknown if ratings is None else rating_rows(ratings)
            movies += self._ratings(rows * shown)
        if self._gaps is not None:
            rows = unknown if gaps is None else gap_rows(gaps)
            movies += self._gaps(rows * shown)
        return movies


def rating_rows(ratings: tf.Tensor) -> tf.Tensor:
    """Returns the table row of each rating, int64: one for every half star.

    Args:
        ratings: float32 stars of any shape; what is not between 0.5 and 5 gets row 0, unknown.
    """
    rows = tf.cast(tf.round(ratings * STEPS_PER_STAR), tf.int64)
    return tf.where((rows > 0) & (rows < RATING_ROWS), rows, 0)


def gap_rows(gaps: tf.Tensor) -> tf.Tensor:
    """Returns the table row of each gap, int64: one for every doubling.

    Args:
        gaps: int64 seconds of any shape; 0 gets row 1, a negative one row 0, unknown.
    """
    doublings = tf.math.log(1.0 + tf.cast(tf.maximum(gaps, 0), tf.float32)) / math.log(2.0)
    rows = tf.minimum(1 + tf.cast(tf.floor(doublings), tf.int64), GAP_ROWS - 1)
    return tf.where(gaps < 0, tf.zeros_like(rows), rows)
