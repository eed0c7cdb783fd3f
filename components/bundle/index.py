"""The exact candidate index: one matrix product, seen movies masked, then top-k."""

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

EXCLUDED = tf.float32.min
"""Score of a movie that must not be answered; finite, so that it can be written as JSON."""


class ExactIndex(tfrs.layers.factorized_top_k.TopK):
    """All candidates, ranked by dot product.

    Unlike TFRS's `BruteForce` it keeps the candidates transposed (the product then reads memory in
    order) and excludes by scattering into the scores, which costs the same for any number of
    exclusions and needs no static count.
    """

    def __init__(self, k: int) -> None:
        """Creates an empty index that will answer `k` candidates at most.

        Raises:
            ValueError: `k` is below 1.
        """
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}.")
        super().__init__(k=k)
        self._matrix: tf.Variable | None = None

    def index(self, candidates: tf.Tensor, identifiers: tf.Tensor | None = None) -> "ExactIndex":
        """Holds `[candidates, dim]` vectors, and answers with their `[candidates]` identifiers.

        Raises:
            ValueError: There is no candidate, or a vector is not finite.
        """
        vectors = np.asarray(candidates, np.float32)
        if not len(vectors):
            raise ValueError("The index needs at least one candidate, got none.")
        broken = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if len(broken):
            raise ValueError(
                f"{len(broken)} candidate vectors are not finite, the first at position "
                f"{broken[0]}: the model diverged in training; lower its learning rate."
            )
        if identifiers is None:
            identifiers = tf.range(len(vectors))
        self._matrix = tf.Variable(np.ascontiguousarray(vectors.T), trainable=False)
        self._identifiers = tf.Variable(identifiers, trainable=False)
        return self

    def call(self, queries: tf.Tensor, k: int | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the scores and identifiers, both `[batch, k]`, for `[batch, dim]` queries."""
        scores, positions = self.best(self.scores(queries), k)
        return scores, tf.gather(self._identifiers, positions)

    def query_with_exclusions(
        self, queries: tf.Tensor, exclusions: tf.Tensor, k: int | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """As `call`, without `[batch, any]` positions of candidates (negative: padding)."""
        scores, positions = self.best(exclude(self.scores(queries), exclusions), k)
        return scores, tf.gather(self._identifiers, positions)

    def scores(self, queries: tf.Tensor) -> tf.Tensor:
        """Returns the `[batch, candidates]` scores of `[batch, dim]` queries."""
        return tf.matmul(queries, self._matrix)

    def best(self, scores: tf.Tensor, k: int | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the `[batch, k]` best scores and their positions; equal scores in index order.

        A score that is not a number counts as excluded.
        """
        k = min(k or self._k, scores.shape[1])
        comparable = tf.where(tf.math.is_nan(scores), EXCLUDED, scores)
        return tf.math.top_k(comparable, k=k)

    def is_exact(self) -> bool:
        """Returns True: every candidate is scored."""
        return True


def exclude(scores: tf.Tensor, positions: tf.Tensor) -> tf.Tensor:
    """Returns scores with the excluded candidates at `EXCLUDED`.

    Args:
        scores: `[batch, candidates]` float32.
        positions: `[batch, any]` int64 candidates to exclude; negative ones are padding.
    """
    real = positions >= 0
    rows = tf.where(real)[:, 0]
    where = tf.stack([rows, tf.cast(tf.boolean_mask(positions, real), tf.int64)], axis=1)
    return tf.tensor_scatter_nd_min(scores, where, tf.fill([tf.shape(where)[0]], EXCLUDED))
