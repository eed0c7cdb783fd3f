"""IVF index: candidates in lists of neighbours, of which a query searches a few."""

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs
from absl import logging

from components.bundle.index import EXCLUDED, ExactIndex, cells, check, exclude

LISTS_PER_ROOT = 4
"""Lists for each unit of the square root of the number of candidates; faiss advises 4 to 16."""

SAMPLE_PER_LIST = 64
ROUNDS = 10
NOT_SEARCHED = tf.int32.min
SHARE_IN_LISTS = 0.25
"""Share of all candidates that must be allowed for the lists to be searched. The best of few lie in
more lists than a query searches, and the exact index finds them."""


class IVFIndex(tfrs.layers.factorized_top_k.TopK):
    """Approximate search by dot product in an inverted file.

    Lists are the clusters of k-means. A query searches the `nprobe` lists whose means score
    highest, and scores every candidate in them exactly. A query that finds fewer than `k`
    candidates there that are not excluded is answered by the exact index instead, so that nobody
    gets less than there is.

    Vectors are kept once, in order of the lists, so that a list is a run of rows: its *slots*.
    Only stock TensorFlow ops are used; k-means runs when the index is built.
    """

    def __init__(self, k: int, nprobe: int) -> None:
        """Creates an empty index.

        Args:
            k: Candidates in an answer, at most.
            nprobe: Lists that a query searches; all of them if there are fewer.

        Raises:
            ValueError: `k` or `nprobe` is below 1.
        """
        if nprobe < 1:
            raise ValueError(f"nprobe must be at least 1, got {nprobe}.")
        super().__init__(k=k)
        self._exact = ExactIndex(k)  # its positions are slots
        self._nprobe = nprobe

    def index(self, candidates: tf.Tensor, identifiers: tf.Tensor | None = None) -> "IVFIndex":
        """Sorts vectors into lists.

        Args:
            candidates: `[candidates, dim]` vectors.
            identifiers: `[candidates]` identifiers to answer with; by default positions.

        Raises:
            ValueError: There is no candidate, or a vector is not finite.
        """
        vectors = check(candidates)
        self.size = len(vectors)
        centroids, list_of = cluster(vectors, lists_for(self.size))
        order = np.argsort(list_of, kind="stable")
        identifiers = np.arange(self.size) if identifiers is None else np.asarray(identifiers)
        self._exact.index(vectors[order], identifiers[order])
        self.lists = len(centroids)
        self._nprobe = min(self._nprobe, self.lists)
        counts = np.bincount(list_of, minlength=self.lists)
        slot_of = np.empty(self.size, np.int32)
        slot_of[order] = np.arange(self.size)
        self._centroids = tf.Variable(centroids, trainable=False)
        self._first = _int32(np.cumsum(counts) - counts)
        self._count = _int32(counts)
        self._list_of = _int32(list_of)
        self._slot_of = _int32(slot_of)
        logging.info(
            "IVF index: %d lists for %d candidates, at most %d in one; nprobe %d.",
            self.lists,
            self.size,
            counts.max(),
            self._nprobe,
        )
        return self

    def call(self, queries: tf.Tensor, k: int | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns scores and identifiers, both `[batch, k]`, for `[batch, dim]` finite queries."""
        return self.query_with_exclusions(queries, tf.zeros([tf.shape(queries)[0], 0], tf.int64), k)

    def query_with_exclusions(
        self,
        queries: tf.Tensor,
        exclusions: tf.Tensor,
        k: int | None = None,
        allowed: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """As `call`, without some candidates; see `ExactIndex.query_with_exclusions`.

        Args:
            queries: `[batch, dim]` finite queries.
            exclusions: `[batch, any]` positions of candidates to leave out; negative: padding.
            k: Number of candidates in an answer; by default that of the index.
            allowed: `[batch, candidates]` bool by row, which may be answered at all; None: all.
                Where they are few, the exact index answers.
        """
        k = min(k or self._k, self.size)
        exclusions = tf.cast(exclusions, tf.int32)
        _, searched = tf.math.top_k(
            tf.matmul(queries, self._centroids, transpose_b=True), k=self._nprobe
        )
        slots = self._slots(searched, at_least=k)
        scores = tf.linalg.matvec(self._exact.vectors(tf.maximum(slots, 0)), queries)
        real = slots >= 0
        if allowed is not None:
            real &= tf.gather(allowed, tf.maximum(slots, 0), batch_dims=1)
        scores = exclude(tf.where(real, scores, EXCLUDED), self._columns(searched, exclusions))
        best, columns = tf.math.top_k(scores, k=k)
        best_slots = tf.maximum(tf.gather(slots, columns, batch_dims=1), 0)
        identifiers = self._exact.identifiers(best_slots)
        too_few = best[:, -1] <= EXCLUDED
        if allowed is not None:
            count = tf.reduce_sum(tf.cast(allowed, tf.int32), axis=1)
            too_few |= count < int(SHARE_IN_LISTS * self.size)
        short = tf.where(too_few)

        def with_exact_rows() -> tuple[tf.Tensor, tf.Tensor]:
            rows = short[:, 0]
            exact = self.query_exactly(
                tf.gather(queries, rows),
                tf.gather(exclusions, rows),
                k,
                None if allowed is None else tf.gather(allowed, rows),
            )
            return (
                tf.tensor_scatter_nd_update(best, short, exact[0]),
                tf.tensor_scatter_nd_update(identifiers, short, exact[1]),
            )

        # A product with no rows at all takes TensorFlow as long as one with a row.
        return tf.cond(tf.size(short) > 0, with_exact_rows, lambda: (best, identifiers))

    def query_exactly(
        self,
        queries: tf.Tensor,
        exclusions: tf.Tensor,
        k: int | None = None,
        allowed: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """As `query_with_exclusions`, among all candidates."""
        return self._exact.query_with_exclusions(queries, self.rows(exclusions), k, allowed)

    def rows(self, positions: tf.Tensor) -> tf.Tensor:
        """Returns the slot of each position; -1 for padding."""
        return tf.where(positions >= 0, tf.gather(self._slot_of, tf.maximum(positions, 0)), -1)

    def identifiers(self, rows: tf.Tensor) -> tf.Tensor:
        """Returns the identifiers of candidates by row, in the same shape."""
        return self._exact.identifiers(rows)

    def is_exact(self) -> bool:
        """Returns False: a candidate in no searched list is missed."""
        return False

    def _slots(self, searched: tf.Tensor, at_least: int) -> tf.Tensor:
        """Returns the `[batch, width]` slots of the `[batch, nprobe]` lists, one after another.

        Rows end in padding (-1); `width` is `at_least` or more.
        """
        first, count = tf.gather(self._first, searched), tf.gather(self._count, searched)
        runs = tf.ragged.range(tf.reshape(first, [-1]), tf.reshape(first + count, [-1]))
        slots = tf.RaggedTensor.from_row_lengths(
            runs.flat_values, tf.reduce_sum(count, axis=1), validate=False
        ).to_tensor(-1)
        missing = tf.maximum(at_least - tf.shape(slots)[1], 0)
        return tf.pad(slots, [[0, 0], [0, missing]], constant_values=-1)

    def _columns(self, searched: tf.Tensor, positions: tf.Tensor) -> tf.Tensor:
        """Returns which column of `_slots` holds each of `[batch, any]` positions, or -1."""
        count = tf.gather(self._count, searched)
        shift = tf.cumsum(count, axis=1, exclusive=True) - tf.gather(self._first, searched)
        unknown = tf.fill([tf.shape(searched)[0], self.lists], NOT_SEARCHED)
        shift_of_list = tf.tensor_scatter_nd_update(unknown, cells(searched), shift)
        slots = self.rows(positions)
        lists = tf.gather(self._list_of, tf.maximum(positions, 0))
        shift = tf.gather(shift_of_list, lists, batch_dims=1)
        return tf.where((slots >= 0) & (shift != NOT_SEARCHED), slots + shift, -1)


def lists_for(candidates: int) -> int:
    """Returns the number of lists for a number of candidates."""
    return min(candidates, round(LISTS_PER_ROOT * candidates**0.5))


def cluster(vectors: np.ndarray, lists: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the `[lists, dim]` means of k-means, and the `[vectors]` nearest mean of each vector.

    The means are fitted on a sample; the same vectors always give the same means.

    Args:
        vectors: `[vectors, dim]` float32 vectors.
        lists: Number of clusters, at most that of the vectors.
    """
    from sklearn.cluster import KMeans  # a second to import, which small catalogues need not pay

    sample = vectors
    if len(vectors) > lists * SAMPLE_PER_LIST:
        rng = np.random.default_rng(0)
        sample = vectors[rng.choice(len(vectors), lists * SAMPLE_PER_LIST, replace=False)]
    means = KMeans(lists, init="random", n_init=1, max_iter=ROUNDS, random_state=0).fit(sample)
    return means.cluster_centers_.astype(np.float32), means.predict(vectors)


def _int32(values: np.ndarray) -> tf.Variable:
    return tf.Variable(values.astype(np.int32), trainable=False)
