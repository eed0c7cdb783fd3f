"""Table of ids: one trained vector for each known id, and one for all others."""

import tensorflow as tf


class IdTable(tf.keras.layers.Layer):
    """One trained vector for each known id, and one for all ids never seen in training."""

    def __init__(
        self, known: int, dim: int, dropout: float, extra_rows: int = 0, unseen: int | None = None
    ) -> None:
        """Creates the table.

        Args:
            known: Ids in the vocabulary; row `known` is the unseen one.
            dim: Length of a vector.
            dropout: Share of ids that training replaces by the unseen one.
            extra_rows: Rows after the unseen one, such as the one for `START`.
            unseen: Row that stands for unseen ids, where it is not `known`.
        """
        super().__init__()
        self.known = known
        self._unseen = known if unseen is None else unseen
        self._dropout = dropout
        self._table = tf.keras.layers.Embedding(known + 1 + extra_rows, dim)

    @property
    def weight(self) -> tf.Variable:
        """The `[known + 1 + extra_rows, dim]` vectors."""
        return self._table.embeddings

    def call(self, rows: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns the `[..., dim]` vectors of `[...]` int64 rows."""
        return self._table(self.hide(rows) if training else rows)

    def hide(self, rows: tf.Tensor) -> tf.Tensor:
        """Replaces some known ones of `[...]` int64 rows by the unseen one, at random."""
        if not self._dropout:
            return rows
        hidden = (tf.random.uniform(tf.shape(rows)) < self._dropout) & (rows < self.known)
        return tf.where(hidden, tf.constant(self._unseen, rows.dtype), rows)
