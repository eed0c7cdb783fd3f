"""HSTU: attention by pointwise SiLU with a gate, and no feed-forward part.

Zhai et al., "Actions Speak Louder than Words: Trillion-Parameter Sequential Transducers for
Generative Recommendations", 2024. Weights are not normalized to a sum of 1, so that how much of the
past speaks for an item counts, and not only which part. How far back an event lies is counted from
the position that asks, as a bias of the scores, and not from the start of the window.
"""

import tensorflow as tf

from trainer.config import ModelConfig


class HSTU(tf.keras.layers.Layer):
    """Turns vectors of a timeline into vectors that have seen all before them, and none after."""

    def __init__(self, config: ModelConfig) -> None:
        """Creates the blocks.

        Args:
            config: Hyperparameters; `window` (distances that have a learned bias of their own),
                `embedding_dim`, `blocks`, `heads` and `dropout` are used.
        """
        super().__init__()
        self._enter = tf.keras.layers.Dropout(config.dropout)
        self._blocks = [_Block(config) for _ in range(config.blocks)]
        self._norm = tf.keras.layers.LayerNormalization(epsilon=1e-6)

    def call(self, vectors: tf.Tensor, real: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Encodes timelines.

        Args:
            vectors: `[batch, length, dim]` float32, `length` up to the window.
            real: `[batch, length]` bool, False where there is padding.
            training: Whether dropout is on.

        Returns:
            `[batch, length, dim]` float32; values at padded positions mean nothing.
        """
        length = tf.shape(vectors)[1]
        before = tf.linalg.band_part(tf.ones([length, length]), -1, 0)
        seen = before * tf.cast(real, tf.float32)[:, tf.newaxis, :]
        # Of the events so far, never of the window's length: a later one must not change a share.
        share = tf.math.divide_no_nan(seen, tf.reduce_sum(seen, axis=2, keepdims=True))
        encoded = self._enter(vectors, training=training)
        for block in self._blocks:
            encoded = block(encoded, share, training=training)
        return self._norm(encoded)


class _Block(tf.keras.layers.Layer):
    """Gated attention, added to what came in."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self._dim, self._heads = config.embedding_dim, config.heads
        self._norm = tf.keras.layers.LayerNormalization(epsilon=1e-6)
        self._project = tf.keras.layers.Dense(4 * self._dim, activation=tf.nn.silu)
        self._distance = tf.keras.layers.Embedding(config.window, self._heads, "zeros")
        self._attended_norm = tf.keras.layers.LayerNormalization(epsilon=1e-6)
        self._drop = tf.keras.layers.Dropout(config.dropout)
        self._merge = tf.keras.layers.Dense(self._dim)

    def call(self, vectors: tf.Tensor, share: tf.Tensor, training: bool = False) -> tf.Tensor:
        parts = tf.split(self._project(self._norm(vectors)), 4, axis=-1)
        gate, value = parts[0], self._by_head(parts[1])
        query, key = self._by_head(parts[2]), self._by_head(parts[3])
        scores = tf.matmul(query, key, transpose_b=True) + self._bias(tf.shape(vectors)[1])
        attended = tf.matmul(tf.nn.silu(scores) * share[:, tf.newaxis], value)
        attended = tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), tf.shape(vectors))
        gated = self._attended_norm(attended) * gate
        return vectors + self._merge(self._drop(gated, training=training))

    def _by_head(self, vectors: tf.Tensor) -> tf.Tensor:
        """Returns `[batch, length, dim]` vectors as `[batch, heads, length, dim / heads]`."""
        batch, length = tf.shape(vectors)[0], tf.shape(vectors)[1]
        split = tf.reshape(vectors, [batch, length, self._heads, self._dim // self._heads])
        return tf.transpose(split, [0, 2, 1, 3])

    def _bias(self, length: tf.Tensor) -> tf.Tensor:
        """Returns what the distance adds to each score, `[heads, length, length]`."""
        place = tf.range(length)
        back = tf.maximum(place[:, tf.newaxis] - place, 0)
        return tf.transpose(self._distance(back), [2, 0, 1])
