"""The inverted file: candidates in lists of neighbours, of which a query looks into a few."""

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs
from absl import logging

from components.bundle.index import EXCLUDED, ExactIndex, cells, checked, exclude

LISTS_PER_ROOT = 4
"""Lists, as a multiple of the root of the number of candidates; faiss advises 4 to 16."""

SAMPLE_PER_LIST = 64
ROUNDS = 10
NOT_PROBED = tf.int32.min


class InvertedFile(tfrs.layers.factorized_top_k.TopK):
    """Candidates by dot product, best first, as far as they are in the lists that are probed.

    Lists are the clusters of k-means. A query probes those whose mean scores highest, and every
    candidate in them is scored exactly. A query that finds fewer than `k` candidates there that are
    not excluded is answered by the exact index instead, so that nobody gets less than there is.

    Vectors are kept once, in order of the lists, so that a list is a run of rows: its *slots*.
    Only stock TensorFlow ops are used; k-means runs when the index is made.
    """

    def __init__(self, k: int, probes: int) -> None:
        """Creates an empty index.

        Args:
            k: Candidates in an answer, at most.
            probes: Lists that a query looks into; all of them if there are fewer.

        Raises:
            ValueError: `k` or `probes` is below 1.
        """
        if probes < 1:
            raise ValueError(f"probes must be at least 1, got {probes}.")
        super().__init__(k=k)
        self._exact = ExactIndex(k)  # its positions are slots
        self._probes = probes

    def index(self, candidates: tf.Tensor, identifiers: tf.Tensor | None = None) -> "InvertedFile":
        """Sorts `[candidates, dim]` vectors into lists; answers their `[candidates]` identifiers.

        Raises:
            ValueError: There is no candidate, or a vector is not finite.
        """
        vectors = checked(candidates)
        self.size = len(vectors)
        centroids, list_of = clustered(vectors, lists_for(self.size))
        order = np.argsort(list_of, kind="stable")
        identifiers = np.arange(self.size) if identifiers is None else np.asarray(identifiers)
        self._exact.index(vectors[order], identifiers[order])
        self.lists = len(centroids)
        self._probes = min(self._probes, self.lists)
        counts = np.bincount(list_of, minlength=self.lists)
        slot_of = np.empty(self.size, np.int32)
        slot_of[order] = np.arange(self.size)
        self._centroids = tf.Variable(centroids, trainable=False)
        self._first = _integers(np.cumsum(counts) - counts)
        self._count = _integers(counts)
        self._list_of = _integers(list_of)
        self._slot_of = _integers(slot_of)
        logging.info(
            "An inverted file of %d lists for %d candidates, at most %d in one; a query probes %d.",
            self.lists,
            self.size,
            counts.max(),
            self._probes,
        )
        return self

    def call(self, queries: tf.Tensor, k: int | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns scores and identifiers, both `[batch, k]`, for `[batch, dim]` finite queries."""
        return self.query_with_exclusions(queries, tf.zeros([tf.shape(queries)[0], 0], tf.int64), k)

    def query_with_exclusions(
        self, queries: tf.Tensor, exclusions: tf.Tensor, k: int | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """As `call`, without `[batch, any]` positions of candidates (negative: padding).

        Where fewer than `k` are left at all, the scores of the rest are `EXCLUDED`.
        """
        k = min(k or self._k, self.size)
        exclusions = tf.cast(exclusions, tf.int32)
        _, probed = tf.math.top_k(
            tf.matmul(queries, self._centroids, transpose_b=True), k=self._probes
        )
        slots = self._slots(probed, at_least=k)
        scores = tf.linalg.matvec(self._exact.vectors(tf.maximum(slots, 0)), queries)
        scores = tf.where(slots >= 0, scores, EXCLUDED)
        scores = exclude(scores, self._columns(probed, exclusions))
        best, columns = tf.math.top_k(scores, k=k)
        found = self._exact.identifiers(tf.maximum(tf.gather(slots, columns, batch_dims=1), 0))
        short = tf.where(best[:, -1] <= EXCLUDED)

        def with_exact_rows() -> tuple[tf.Tensor, tf.Tensor]:
            rows = short[:, 0]
            exactly = self.query_exactly(tf.gather(queries, rows), tf.gather(exclusions, rows), k)
            return (
                tf.tensor_scatter_nd_update(best, short, exactly[0]),
                tf.tensor_scatter_nd_update(found, short, exactly[1]),
            )

        # A product with no rows at all takes TensorFlow as long as one with a row.
        return tf.cond(tf.size(short) > 0, with_exact_rows, lambda: (best, found))

    def query_exactly(
        self, queries: tf.Tensor, exclusions: tf.Tensor, k: int | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """As `query_with_exclusions`, among all candidates."""
        return self._exact.query_with_exclusions(queries, self._slots_of(exclusions), k)

    def is_exact(self) -> bool:
        """Returns False: a candidate in no list that is probed is missed."""
        return False

    def _slots(self, probed: tf.Tensor, at_least: int) -> tf.Tensor:
        """Returns the `[batch, width]` slots of the `[batch, probes]` lists, one after another.

        Rows end in padding (-1); `width` is `at_least` or more.
        """
        first, count = tf.gather(self._first, probed), tf.gather(self._count, probed)
        runs = tf.ragged.range(tf.reshape(first, [-1]), tf.reshape(first + count, [-1]))
        slots = tf.RaggedTensor.from_row_lengths(
            runs.flat_values, tf.reduce_sum(count, axis=1), validate=False
        ).to_tensor(-1)
        missing = tf.maximum(at_least - tf.shape(slots)[1], 0)
        return tf.pad(slots, [[0, 0], [0, missing]], constant_values=-1)

    def _columns(self, probed: tf.Tensor, positions: tf.Tensor) -> tf.Tensor:
        """Returns which column of `_slots` holds each of `[batch, any]` positions, or -1."""
        count = tf.gather(self._count, probed)
        shift = tf.cumsum(count, axis=1, exclusive=True) - tf.gather(self._first, probed)
        unknown = tf.fill([tf.shape(probed)[0], self.lists], NOT_PROBED)
        shift_of_list = tf.tensor_scatter_nd_update(unknown, cells(probed), shift)
        slots = self._slots_of(positions)
        lists = tf.gather(self._list_of, tf.maximum(positions, 0))
        shift = tf.gather(shift_of_list, lists, batch_dims=1)
        return tf.where((slots >= 0) & (shift != NOT_PROBED), slots + shift, -1)

    def _slots_of(self, positions: tf.Tensor) -> tf.Tensor:
        """Returns the slot of each position; -1 for padding."""
        return tf.where(positions >= 0, tf.gather(self._slot_of, tf.maximum(positions, 0)), -1)


def lists_for(candidates: int) -> int:
    """Returns how many lists hold that many candidates."""
    return min(candidates, round(LISTS_PER_ROOT * candidates**0.5))


def clustered(vectors: np.ndarray, lists: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the `[lists, dim]` means of k-means, and the `[vectors]` nearest one of each.

    The means are found on a sample; the same vectors always give the same ones.

    Args:
        vectors: `[vectors, dim]` float32.
        lists: How many, at most as many as there are vectors.
    """
    from sklearn.cluster import KMeans  # a second to import, which small catalogues need not pay

    sample = vectors
    if len(vectors) > lists * SAMPLE_PER_LIST:
        chance = np.random.default_rng(0)
        sample = vectors[chance.choice(len(vectors), lists * SAMPLE_PER_LIST, replace=False)]
    means = KMeans(lists, init="random", n_init=1, max_iter=ROUNDS, random_state=0).fit(sample)
    return means.cluster_centers_.astype(np.float32), means.predict(vectors)


def _integers(values: np.ndarray) -> tf.Variable:
    return tf.Variable(values.astype(np.int32), trainable=False)
