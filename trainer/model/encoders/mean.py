"""Running mean of a timeline: what the past so far says, in any order."""

import tensorflow as tf

from trainer.config import ModelConfig


class RunningMean(tf.keras.layers.Layer):
    """Projects the mean of all vectors up to each position."""

    def __init__(self, config: ModelConfig) -> None:
        """Creates the projection.

        Args:
            config: Hyperparameters; `embedding_dim` is used.
        """
        super().__init__()
        self._project = tf.keras.layers.Dense(config.embedding_dim)

    def call(self, vectors: tf.Tensor, real: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Encodes timelines.

        Args:
            vectors: `[batch, length, dim]` float32.
            real: `[batch, length]` bool, False where there is padding.
            training: Not used: there is no dropout.

        Returns:
            `[batch, length, dim]` float32.
        """
        del training
        mask = tf.cast(real, tf.float32)[..., tf.newaxis]
        total = tf.cumsum(vectors * mask, axis=1)
        return self._project(tf.math.divide_no_nan(total, tf.cumsum(mask, axis=1)))
