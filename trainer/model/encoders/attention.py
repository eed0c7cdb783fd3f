"""Causal self-attention over a timeline: what the past so far says about the next movie.

Kang and McAuley, "Self-Attentive Sequential Recommendation", 2018, with the norms before each part
and not after it, which trains more steadily.
"""

import tensorflow as tf

from trainer.config import ModelConfig


class CausalAttention(tf.keras.layers.Layer):
    """Turns vectors of a timeline into vectors that have seen all before them, and none after."""

    def __init__(self, config: ModelConfig) -> None:
        """Creates the blocks.

        Args:
            config: Hyperparameters; `window` (positions that have a learned vector of their own),
                `embedding_dim`, `blocks`, `heads` and `dropout` are used.
        """
        super().__init__()
        dim, heads, dropout = config.embedding_dim, config.heads, config.dropout
        self._positions = tf.keras.layers.Embedding(config.window, dim)
        self._enter = tf.keras.layers.Dropout(dropout)
        self._blocks = [_Block(dim, heads, dropout) for _ in range(config.blocks)]
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
        encoded = self._enter(vectors + self._positions(tf.range(length)), training=training)
        before = tf.linalg.band_part(tf.ones([length, length], tf.bool), -1, 0)
        allowed = before[tf.newaxis] & real[:, tf.newaxis, :]
        for block in self._blocks:
            encoded = block(encoded, allowed, training=training)
        return self._norm(encoded)


class _Block(tf.keras.layers.Layer):
    """Attention, then a feed-forward part, each added to what came in."""

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        self._attention_norm = tf.keras.layers.LayerNormalization(epsilon=1e-6)
        self._attention = tf.keras.layers.MultiHeadAttention(heads, dim // heads, dropout=dropout)
        self._forward_norm = tf.keras.layers.LayerNormalization(epsilon=1e-6)
        self._widen = tf.keras.layers.Dense(2 * dim, activation="gelu")
        self._narrow = tf.keras.layers.Dense(dim)
        self._drop = tf.keras.layers.Dropout(dropout)

    def call(self, vectors: tf.Tensor, allowed: tf.Tensor, training: bool = False) -> tf.Tensor:
        normed = self._attention_norm(vectors)
        attended = self._attention(normed, normed, attention_mask=allowed, training=training)
        vectors += self._drop(attended, training=training)
        forward = self._narrow(self._widen(self._forward_norm(vectors)))
        return vectors + self._drop(forward, training=training)
