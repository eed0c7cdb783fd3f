"""Losses: a softmax over all movies that were rated, or over a sample of them.

Over all movies it is exact, and cheap for as long as these are few; over a sample its cost does not
depend on the catalogue.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

from trainer.config import ModelConfig

EmbedPositions = Callable[[tf.Tensor], tf.Tensor]


def full_softmax(queries: tf.Tensor, matrix: tf.Tensor, positions: tf.Tensor) -> tf.Tensor:
    """Returns the cross-entropy of each query's movie among all, a scalar: the mean over queries.

    Args:
        queries: `[queries, dim]` float32.
        matrix: `[movies, dim]` float32 vectors of all movies that compete.
        positions: `[queries]` int64 position of each query's movie in `matrix`.
    """
    logits = tf.matmul(queries, matrix, transpose_b=True)
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=positions, logits=logits)
    )


class SampledSoftmax(tf.keras.layers.Layer):
    """Softmax of each query's movie among those of its batch and some drawn uniformly.

    Mixed negatives: Yang et al., "Mixed Negative Sampling for Learning Two-tower Neural Networks in
    Recommendations", 2020. A batch alone hardly shows a movie that is rarely rated, so that nothing
    pushes it down; it shows popular ones far too often, which the correction undoes.
    """

    def __init__(self, config: ModelConfig, share: np.ndarray) -> None:
        """Creates the loss.

        Args:
            config: Hyperparameters.
            share: `[movies]` float share of each movie in all ratings of training, by position.
        """
        super().__init__()
        self._movies = len(share)
        self._share = tf.constant(share, tf.float32)
        self._uniform = config.uniform_negatives
        self._log_q = config.log_q
        self._task = tfrs.tasks.Retrieval(remove_accidental_hits=config.remove_accidental_hits)

    def call(
        self, queries: tf.Tensor, positions: tf.Tensor, window: tf.Tensor, embed: EmbedPositions
    ) -> tf.Tensor:
        """Returns the loss of a batch, summed over queries as TFRS's task does.

        Other movies of a query's own window are not its negatives: they always come with it, and
        the logQ correction assumes that they come as often as they are drawn.

        Args:
            queries: `[queries, dim]` float32.
            positions: `[queries]` int64 position of each query's movie.
            window: `[queries]` int64 number of the window that each query belongs to.
            embed: Candidate tower: `[n]` positions to `[n, dim]` vectors.
        """
        drawn = tf.random.uniform([self._uniform], 0, self._movies, tf.int64)
        sample = tf.concat([positions, drawn], axis=0)
        others = window[:, tf.newaxis] != window
        own = tf.eye(tf.size(positions), dtype=tf.bool)
        return self._task(
            queries,
            embed(sample),
            candidate_sampling_probability=self._relative(sample) if self._log_q else None,
            candidate_ids=sample,
            compute_metrics=False,
            score_mask=tf.pad(others | own, [[0, 0], [0, self._uniform]], constant_values=True),
        )

    def _relative(self, sample: tf.Tensor) -> tf.Tensor:
        """Returns the probabilities divided by the largest, which changes no softmax.

        TFRS clips probabilities at 1e-6, and in a large catalogue most movies are below that.
        """
        probability = self.probability(sample)
        return probability / tf.reduce_max(probability)

    def probability(self, sample: tf.Tensor) -> tf.Tensor:
        """Returns the probability that one draw for a sample gives each movie (Q in logQ).

        Args:
            sample: `[n]` positions, the uniformly drawn ones last.

        Returns:
            `[n]` float32, b / n · share + u / n · 1 / movies, with b movies from the batch and
            u drawn uniformly (Yang et al., 2020, section 3.2).
        """
        drawn = tf.cast(tf.size(sample), tf.float32)
        uniform = self._uniform / drawn
        return (1 - uniform) * tf.gather(self._share, sample) + uniform / self._movies
