"""Two-tower model: both towers and the loss between them."""

import math

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

from trainer.config import ModelConfig
from trainer.data.timelines import USER_FEATURES
from trainer.data.windows import GAPS, INPUTS, PADDING, RATINGS, TARGETS
from trainer.model.losses import SampledSoftmax, full_softmax
from trainer.model.towers import CandidateTower, IdTable, QueryTower
from transform import features


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
            counts: `[known movies]` int64 ratings of each in training.
        """
        super().__init__()
        ids = IdTable(
            sizes[features.MOVIE_ID] - 1, config.embedding_dim, config.id_dropout, extra_rows=1
        )
        self.query = QueryTower(ids, sizes, config)
        self.candidate = CandidateTower(ids, sizes, config)
        self._candidates = candidates
        # In order of row, without the unrated: they share one row, and as negatives that are never
        # right they would teach the model that nobody wants a new movie.
        self._rated = {n: tf.gather(value, position_of_row) for n, value in candidates.items()}
        self._sampled = None
        if config.samples(len(candidates[features.MOVIE_ID])):
            self._sampled = SampledSoftmax(config, counts / counts.sum())
        self._log_temperature = tf.Variable(
            math.log(config.temperature), trainable=config.learn_temperature, name="log_temperature"
        )

    def compute_loss(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Returns the loss of a batch of windows, a scalar.

        Args:
            inputs: By name: `[batch]` rows of the user features, `[batch, window]` `inputs`,
                `ratings`, `gaps` and `targets`, as in `trainer.data.windows.Windows`.
            training: Whether dropout is on.
        """
        user_features = {name: inputs[name] for name in USER_FEATURES}
        past = (inputs[INPUTS], inputs[RATINGS], inputs[GAPS])
        queries = self.query(user_features, *past, training=training)
        real = inputs[TARGETS] != PADDING
        queries = tf.boolean_mask(queries, real) * tf.exp(-self._log_temperature)
        rows = tf.boolean_mask(inputs[TARGETS], real)
        if self._sampled is None:
            matrix = self.candidate(self._rated, training=training)
            return full_softmax(queries, matrix, rows)
        window = tf.where(real)[:, 0]
        return self._sampled(queries, rows, window, lambda n: self._embed(n, training=training))

    def tables(self) -> list[tuple[str, tf.Variable]]:
        """Returns the tables with a row an entry of a vocabulary, each with that one's name."""
        return [*self.query.tables(), *self.candidate.tables()]

    def candidate_matrix(self) -> tf.Tensor:
        """Returns the vectors of the whole catalogue, `[movies, dim]` float32."""
        return self.candidate(self._candidates)

    def _embed(self, rows: tf.Tensor, training: bool) -> tf.Tensor:
        """Returns the `[n, dim]` vectors of movies by `[n]` vocabulary rows."""
        chosen = {name: tf.gather(value, rows) for name, value in self._rated.items()}
        return self.candidate(chosen, training=training)
