"""One order of the catalogue for everybody, such as by popularity, less what must be left out."""

import numpy as np
import tensorflow as tf

from components.bundle.index import exclude


class StaticRanking(tf.Module):
    """Answers as an index does, but to no query."""

    def __init__(self, values: np.ndarray, k: int) -> None:
        """Sorts the catalogue.

        Args:
            values: `[items]` float32, the more the better; equal ones stay in their order.
            k: Items in an answer, at most.
        """
        super().__init__()
        order = np.argsort(-values, kind="stable")
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        self.positions = tf.Variable(order, trainable=False)
        self.values = tf.Variable(values[order], trainable=False)
        self.place = tf.Variable(place, trainable=False)
        self._k = min(k, len(order))

    def best(self, excluded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the `[batch, k]` best values and positions without some positions.

        Only so many are looked at as may be needed: as many as are excluded, and `k`.

        Args:
            excluded: `[batch, any]` int64; negative ones are padding. Where fewer than `k` are
                left, the values of the rest are `EXCLUDED`.
        """
        shape = tf.shape(excluded)
        looked_at = self.values[: self._k + shape[1]]
        place = tf.gather(self.place, tf.maximum(excluded, 0))
        counts = (excluded >= 0) & (place < tf.size(looked_at, tf.int64))
        values = tf.repeat(looked_at[tf.newaxis, :], shape[0], axis=0)
        best, columns = tf.math.top_k(exclude(values, tf.where(counts, place, -1)), k=self._k)
        return best, tf.gather(self.positions, columns)
