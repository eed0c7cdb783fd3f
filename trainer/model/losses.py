"""Losses: a softmax over all items that were rated, or over a sample of them.

Over all items it is exact, and cheap for as long as these are few; over a sample its cost does not
depend on the catalogue.
"""

import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

from trainer.config import ModelConfig

EmbedPositions = Callable[[tf.Tensor], tf.Tensor]
UNIFORM_SHARE = 0.5
"""Share of `SharedSoftmax`'s draws in which every item is as likely as any other."""


def full_softmax(
    queries: tf.Tensor, matrix: tf.Tensor, positions: tf.Tensor, weights: tf.Tensor | None = None
) -> tf.Tensor:
    """Returns the cross-entropy of each query's item among all, a scalar: the mean over queries.

    Args:
        queries: `[queries, dim]` float32.
        matrix: `[items, dim]` float32 vectors of all items that compete.
        positions: `[queries]` int64 position of each query's item in `matrix`.
        weights: `[queries]` float32 weight of each query in the mean; None: 1 each.
    """
    logits = tf.matmul(queries, matrix, transpose_b=True)
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=positions, logits=logits)
    return _mean(loss, weights)


def _mean(loss: tf.Tensor, weights: tf.Tensor | None) -> tf.Tensor:
    """Returns the mean of `[queries]` losses, weighted where there are weights."""
    if weights is None:
        return tf.reduce_mean(loss)
    return tf.math.divide_no_nan(tf.reduce_sum(loss * weights), tf.reduce_sum(weights))


class SharedSoftmax(tf.keras.layers.Layer):
    """Softmax of each query's item among a few that are drawn once for all queries of the batch.

    Its cost does not depend on the batch's own items, so that a few hundred columns stand for
    thousands. Each weighs as many items as it stands for, `1 / (n · probability)`: the sum over the
    sample is an estimate of the one over all. The query's own item was not drawn and weighs 1.
    """

    def __init__(self, config: ModelConfig, share: np.ndarray) -> None:
        """Creates the loss.

        Args:
            config: Hyperparameters.
            share: `[items]` float share of each item in all ratings of training, by position.
        """
        super().__init__()
        self._drawn = config.shared_negatives
        self._log_q = config.log_q
        self._remove_hits = config.remove_accidental_hits
        mixed = (1 - UNIFORM_SHARE) * share + UNIFORM_SHARE / len(share)
        self.probability = tf.constant(mixed, tf.float32)
        """`[items]` float32 probability of each item to be the next that is drawn."""
        self._up_to = tf.constant(np.cumsum(mixed)[:-1], tf.float32)  # what is above: the last

    def call(
        self,
        queries: tf.Tensor,
        positions: tf.Tensor,
        window: tf.Tensor,
        embed: EmbedPositions,
        weights: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Returns the loss of a batch, a scalar: the mean over queries.

        Args:
            queries: `[queries, dim]` float32.
            positions: `[queries]` int64 position of each query's item.
            window: `[queries]` int64 window of each query; not used.
            embed: Candidate tower: `[n]` positions to `[n, dim]` vectors.
            weights: `[queries]` float32 weight of each query in the mean; None: 1 each.
        """
        del window
        drawn = self.draw()
        each, place = tf.unique(tf.concat([positions, drawn], axis=0), tf.int64)
        own, others = tf.split(
            tf.gather(embed(each), place), [tf.size(positions), self._drawn], axis=0
        )
        positive = tf.reduce_sum(queries * own, axis=1, keepdims=True)
        negative = tf.matmul(queries, others, transpose_b=True)
        if self._log_q:
            negative -= tf.math.log(tf.gather(self.probability, drawn)) + math.log(self._drawn)
        if self._remove_hits:
            negative = tf.where(positions[:, tf.newaxis] == drawn, negative.dtype.min, negative)
        logits = tf.concat([positive, negative], axis=1)
        loss = tf.reduce_logsumexp(logits, axis=1) - positive[:, 0]
        return _mean(loss, weights)

    def draw(self) -> tf.Tensor:
        """Returns the positions of a batch's negatives, `[shared_negatives]` int64."""
        return tf.searchsorted(
            self._up_to, tf.random.uniform([self._drawn]), side="right", out_type=tf.int64
        )


class SampledSoftmax(tf.keras.layers.Layer):
    """Softmax of each query's item among those of its batch and some drawn uniformly.

    Mixed negatives: Yang et al., "Mixed Negative Sampling for Learning Two-tower Neural Networks in
    Recommendations", 2020. A batch alone hardly shows an item that is rarely rated, so that nothing
    pushes it down; it shows popular ones far too often, which the correction undoes.
    """

    def __init__(self, config: ModelConfig, share: np.ndarray) -> None:
        """Creates the loss.

        Args:
            config: Hyperparameters.
            share: `[items]` float share of each item in all ratings of training, by position.
        """
        super().__init__()
        self._items = len(share)
        self._share = tf.constant(share, tf.float32)
        self._uniform = config.uniform_negatives
        self._log_q = config.log_q
        self._task = tfrs.tasks.Retrieval(remove_accidental_hits=config.remove_accidental_hits)

    def call(
        self,
        queries: tf.Tensor,
        positions: tf.Tensor,
        window: tf.Tensor,
        embed: EmbedPositions,
        weights: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Returns the loss of a batch, summed over queries as TFRS's task does.

        Other items of a query's own window are not its negatives: they always come with it, and
        the logQ correction assumes that they come as often as they are drawn.

        Args:
            queries: `[queries, dim]` float32.
            positions: `[queries]` int64 position of each query's item.
            window: `[queries]` int64 number of the window that each query belongs to.
            embed: Candidate tower: `[n]` positions to `[n, dim]` vectors.
            weights: `[queries]` float32 weight of each query; None: 1 each.
        """
        drawn = tf.random.uniform([self._uniform], 0, self._items, tf.int64)
        sample = tf.concat([positions, drawn], axis=0)
        others = window[:, tf.newaxis] != window
        own = tf.eye(tf.size(positions), dtype=tf.bool)
        return self._task(
            queries,
            embed(sample),
            sample_weight=weights,
            candidate_sampling_probability=self._relative(sample) if self._log_q else None,
            candidate_ids=sample,
            compute_metrics=False,
            score_mask=tf.pad(others | own, [[0, 0], [0, self._uniform]], constant_values=True),
        )

    def _relative(self, sample: tf.Tensor) -> tf.Tensor:
        """Returns the probabilities divided by the largest, which changes no softmax.

        TFRS clips probabilities at 1e-6, and in a large catalogue most items are below that.
        """
        probability = self.probability(sample)
        return probability / tf.reduce_max(probability)

    def probability(self, sample: tf.Tensor) -> tf.Tensor:
        """Returns the probability that one draw for a sample gives each item (Q in logQ).

        Args:
            sample: `[n]` positions, the uniformly drawn ones last.

        Returns:
            `[n]` float32, b / n · share + u / n · 1 / items, with b items from the batch and
            u drawn uniformly (Yang et al., 2020, section 3.2).
        """
        drawn = tf.cast(tf.size(sample), tf.float32)
        uniform = self._uniform / drawn
        return (1 - uniform) * tf.gather(self._share, sample) + uniform / self._items
