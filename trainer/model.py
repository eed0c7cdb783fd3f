"""The two-tower model: the towers, and how far they are from agreeing."""

import math

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

from trainer.config import ModelConfig
from trainer.losses import SampledSoftmax, full_softmax
from trainer.timelines import PADDING, PROFILE_ROWS
from trainer.towers import CandidateTower, IdTable, QueryTower
from transform import features

INPUTS, RATINGS, GAPS = "inputs", "ratings", "gaps"
TARGETS = "targets"


class TwoTowerModel(tfrs.Model):
    """Scores a (timeline, movie) pair by the dot product of their tower outputs."""

    def __init__(
        self,
        config: ModelConfig,
        sizes: dict[str, int],
        candidates: dict[str, tf.Tensor],
        position_of_row: np.ndarray,
        counts: np.ndarray,
    ) -> None:
        """Creates the towers.

        Args:
            config: Hyperparameters.
            sizes: Rows needed for each vocabulary, the unseen one included.
            candidates: The whole catalogue, as `CandidateTower` takes it.
            position_of_row: `[known movies]` int64 catalogue position of each vocabulary row.
            counts: `[known movies]` how often each was rated in training.
        """
        super().__init__()
        ids = IdTable(
            sizes[features.MOVIE_ID] - 1, config.embedding_dim, config.id_dropout, extra_rows=1
        )
        self.query = QueryTower(ids, sizes, config)
        self.candidate = CandidateTower(ids, sizes, config)
        self._candidates = candidates
        self._position_of_row = tf.constant(position_of_row, tf.int64)
        self._sampled = None
        if config.samples(len(candidates[features.MOVIE_ID])):
            share = np.zeros(len(candidates[features.MOVIE_ID]))
            share[position_of_row] = counts / counts.sum()
            self._sampled = SampledSoftmax(config, share)
        self._log_temperature = tf.Variable(
            math.log(config.temperature), trainable=config.learn_temperature, name="log_temperature"
        )

    def compute_loss(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Returns the loss of a batch of windows: how surprising each target was.

        Args:
            inputs: By name: `[batch]` profile rows, `[batch, window]` `inputs`, `ratings`, `gaps`
                and `targets`, as in `trainer.timelines.Windows`.
            training: Whether dropout is on.
        """
        profile = {name: inputs[name] for name in PROFILE_ROWS}
        past = (inputs[INPUTS], inputs[RATINGS], inputs[GAPS])
        queries = self.query(profile, *past, training=training)
        real = inputs[TARGETS] != PADDING
        queries = tf.boolean_mask(queries, real) * tf.exp(-self._log_temperature)
        positions = tf.gather(self._position_of_row, tf.boolean_mask(inputs[TARGETS], real))
        if self._sampled is None:
            matrix = self.candidate(self._candidates, training=training)
            return full_softmax(queries, matrix, positions)
        return self._sampled(
            queries, positions, lambda sample: self._embed(sample, training=training)
        )

    def tables(self) -> list[tuple[str, tf.Variable]]:
        """Returns each table with a row an entry of a vocabulary, after that one's name."""
        return [*self.query.tables(), *self.candidate.tables()]

    def candidate_matrix(self) -> tf.Tensor:
        """Returns the vectors of the whole catalogue, `[movies, dim]`."""
        return self.candidate(self._candidates)

    def _embed(self, positions: tf.Tensor, training: bool) -> tf.Tensor:
        """Returns the `[n, dim]` vectors of movies at `[n]` catalogue positions."""
        rows = {name: tf.gather(value, positions) for name, value in self._candidates.items()}
        return self.candidate(rows, training=training)
