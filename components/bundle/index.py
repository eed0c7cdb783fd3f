"""Exact candidate index: one matrix product, seen items masked, then top-k."""

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

EXCLUDED = tf.float32.min
"""Score of an item that must not be answered; finite, so that it can be written as JSON."""

BLOCK = 512
BLOCKS_FROM = 200_000  # candidates; below, one top-k over all is as quick


class ExactIndex(tfrs.layers.factorized_top_k.TopK):
    """All candidates, ranked by dot product.

    Unlike TFRS's `BruteForce` it excludes by scattering into the scores, which hardly costs more
    for many exclusions than for few and needs no static count. Where there are many candidates,
    the best k are searched in the k blocks whose maxima are highest, which must hold them.
    Vectors lie in rows, as TFRS has them: in columns a batch of 32 is up to a fifth cheaper, but a
    single query, the usual one, costs up to two thirds more.
    """

    def __init__(self, k: int, blocks_from: int = BLOCKS_FROM) -> None:
        """Creates an empty index that will answer `k` candidates at most.

        Args:
            k: Number of candidates in an answer.
            blocks_from: Number of candidates from which on the best are searched in blocks.

        Raises:
            ValueError: `k` is below 1.
        """
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}.")
        super().__init__(k=k)
        self._blocks_from = blocks_from
        self._rows: tf.Variable | None = None

    def index(self, candidates: tf.Tensor, identifiers: tf.Tensor | None = None) -> "ExactIndex":
        """Stores vectors to search.

        Args:
            candidates: `[candidates, dim]` vectors.
            identifiers: `[candidates]` identifiers to answer with; by default positions.

        Raises:
            ValueError: There is no candidate, or a vector is not finite.
        """
        vectors = check(candidates)
        if identifiers is None:
            identifiers = tf.range(len(vectors))
        self.size = len(vectors)
        self._in_blocks = self.size >= self._blocks_from
        self._columns = self.size + (-self.size % BLOCK if self._in_blocks else 0)
        padded = np.pad(vectors, ((0, self._columns - self.size), (0, 0)))
        self._rows = tf.Variable(padded, trainable=False)
        self._identifiers = tf.Variable(identifiers, trainable=False)
        return self

    def call(self, queries: tf.Tensor, k: int | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns scores and identifiers, both `[batch, k]`, for `[batch, dim]` finite queries."""
        return self._best(self._scores(queries), k)

    def query_with_exclusions(
        self,
        queries: tf.Tensor,
        exclusions: tf.Tensor,
        k: int | None = None,
        allowed: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """As `call`, without some candidates.

        Where fewer than `k` are left, the scores of the rest are `EXCLUDED`.

        Args:
            queries: `[batch, dim]` finite queries.
            exclusions: `[batch, any]` positions of candidates to leave out; negative: padding.
            k: Number of candidates in an answer; by default that of the index.
            allowed: `[batch, candidates]` bool by row, which may be answered at all; None: all.
        """
        scores = self._scores(queries)
        if allowed is not None:
            padding = [[0, 0], [0, self._columns - self.size]]
            scores = tf.where(tf.pad(allowed, padding), scores, EXCLUDED)
        return self._best(exclude(scores, exclusions), k)

    def rows(self, positions: tf.Tensor) -> tf.Tensor:
        """Returns the row of the index that holds each position; here the same."""
        return positions

    def vectors(self, positions: tf.Tensor) -> tf.Tensor:
        """Returns the `[..., dim]` vectors of candidates by `[...]` position."""
        return tf.gather(self._rows, positions)

    def identifiers(self, positions: tf.Tensor) -> tf.Tensor:
        """Returns the identifiers of candidates by position, in the same shape."""
        return tf.gather(self._identifiers, positions)

    def is_exact(self) -> bool:
        """Returns True: every candidate is scored."""
        return True

    def _scores(self, queries: tf.Tensor) -> tf.Tensor:
        """Returns `[batch, columns]` scores: one a candidate, then padding up to a whole block."""
        return tf.matmul(queries, self._rows, transpose_b=True)

    def _best(self, scores: tf.Tensor, k: int | None) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the `[batch, k]` best scores and whose; equal ones in order of the index."""
        k = min(k or self._k, self.size)
        if self._in_blocks and self._columns // BLOCK > k:
            best, positions = best_of_blocks(scores, k, self.size)
        else:
            scores = scores[:, : self.size] if self._columns > self.size else scores
            best, positions = tf.math.top_k(scores, k=k)
        return best, self.identifiers(positions)


def check(candidates: tf.Tensor) -> np.ndarray:
    """Returns `[candidates, dim]` vectors as float32.

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
    return vectors


def best_of_blocks(scores: tf.Tensor, k: int, size: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the `[batch, k]` best scores and their positions, as `tf.math.top_k` does.

    The k best lie in the k blocks of the highest maxima: a number in any other block has k maxima
    above it, or equal and before it.

    Args:
        scores: `[batch, columns]` float32; `columns` is a multiple of `BLOCK`, more than `k` of it.
        k: Number of scores to return.
        size: Number of columns that count; the others are at the end of the last block.
    """
    blocks = tf.reshape(scores, [-1, scores.shape[1] // BLOCK, BLOCK])
    last = tf.reduce_max(scores[:, -BLOCK : scores.shape[1] - (-size % BLOCK)], axis=1)
    maxima = tf.concat([tf.reduce_max(blocks, axis=2)[:, :-1], last[:, tf.newaxis]], axis=1)
    _, chosen = tf.math.top_k(maxima, k=k)
    chosen = tf.sort(chosen, axis=1)  # so that equal scores stay in order of the index
    position = chosen[:, :, tf.newaxis] * BLOCK + tf.range(BLOCK)
    candidates = tf.where(position < size, tf.gather(blocks, chosen, batch_dims=1), -np.inf)
    best, place = tf.math.top_k(tf.reshape(candidates, [-1, k * BLOCK]), k=k)
    return best, tf.gather(tf.reshape(position, [-1, k * BLOCK]), place, batch_dims=1)


def exclude(scores: tf.Tensor, positions: tf.Tensor) -> tf.Tensor:
    """Returns scores with the excluded candidates at `EXCLUDED`.

    Args:
        scores: `[batch, candidates]` float32.
        positions: `[batch, any]` int64 candidates to exclude; negative ones are padding.
    """
    positions = tf.cast(positions, tf.int64)
    lowest = tf.where(positions >= 0, EXCLUDED, tf.float32.max)  # the latter changes nothing
    return tf.tensor_scatter_nd_min(scores, cells(tf.maximum(positions, 0)), lowest)


def cells(columns: tf.Tensor) -> tf.Tensor:
    """Returns `[batch, any, 2]` row and column, each row's own, of `[batch, any]` columns."""
    shape = tf.shape(columns, out_type=columns.dtype)
    rows = tf.repeat(tf.range(shape[0])[:, tf.newaxis], shape[1], axis=1)
    return tf.stack([rows, columns], axis=2)
