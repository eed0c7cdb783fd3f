"""Static ranking of the catalogue, such as by popularity, without excluded items."""

import numpy as np
import tensorflow as tf

from components.bundle.index import EXCLUDED, exclude


class StaticRanking(tf.Module):
    """Answers as an index does, but the same to everybody."""

    def __init__(self, values: np.ndarray, k: int) -> None:
        """Sorts the catalogue.

        Args:
            values: `[items]` float32 values, the highest first; equal ones stay in their order.
            k: Number of items in an answer, at most.
        """
        super().__init__()
        order = np.argsort(-values, kind="stable")
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        self.positions = tf.Variable(order, trainable=False)
        self.values = tf.Variable(values[order], trainable=False)
        self.place = tf.Variable(place, trainable=False)
        self._k = min(k, len(order))

    def best(
        self, excluded: tf.Tensor, allowed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the `[batch, k]` best values and positions without some positions.

        Only as many are searched as may be needed: as many as are excluded, and `k`. Where fewer
        than `k` are left, the values of the rest are `EXCLUDED`.

        Args:
            excluded: `[batch, any]` int64 positions to leave out; negative ones are padding.
            allowed: `[batch, items]` bool by place in the ranking, which may be answered at all;
                None: all. With it the whole ranking is searched.
        """
        shape = tf.shape(excluded)
        candidates = self.values if allowed is not None else self.values[: self._k + shape[1]]
        place = tf.gather(self.place, tf.maximum(excluded, 0))
        counts = (excluded >= 0) & (place < tf.size(candidates, tf.int64))
        values = tf.repeat(candidates[tf.newaxis, :], shape[0], axis=0)
        if allowed is not None:
            values = tf.where(allowed, values, EXCLUDED)
        best, columns = tf.math.top_k(exclude(values, tf.where(counts, place, -1)), k=self._k)
        return best, tf.gather(self.positions, columns)
