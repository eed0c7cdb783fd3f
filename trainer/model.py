"""The two-tower model: the towers, and what training makes them agree on."""

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

from trainer.config import ModelConfig
from trainer.timelines import PADDING
from trainer.towers import CandidateTower, IdTable, QueryTower
from transform import features

INPUTS = "inputs"
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
        self._share = tf.constant(counts / counts.sum(), tf.float32)
        self._full_softmax = config.loss == "full_softmax"
        self._log_q = config.log_q
        self._task = tfrs.tasks.Retrieval(remove_accidental_hits=config.remove_accidental_hits)

    def compute_loss(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Returns the loss of a batch of windows: how surprising each target was.

        Args:
            inputs: By name: `[batch]` profile rows, `[batch, window]` `inputs` and `targets`.
            training: Whether dropout is on.
        """
        profile = {n: v for n, v in inputs.items() if n not in (INPUTS, TARGETS)}
        queries = self.query(profile, inputs[INPUTS], training=training)
        real = inputs[TARGETS] != PADDING
        queries = tf.boolean_mask(queries, real)
        rows = tf.boolean_mask(inputs[TARGETS], real)
        if self._full_softmax:
            return self._full_softmax_loss(queries, rows, training)
        return self._in_batch_loss(queries, rows, training)

    def candidate_matrix(self) -> tf.Tensor:
        """Returns the vectors of the whole catalogue, `[movies, dim]`."""
        return self.candidate(self._candidates)

    def _full_softmax_loss(self, queries: tf.Tensor, rows: tf.Tensor, training: bool) -> tf.Tensor:
        matrix = self.candidate(self._candidates, training=training)
        logits = tf.matmul(queries, matrix, transpose_b=True)
        positions = tf.gather(self._position_of_row, rows)
        return tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=positions, logits=logits)
        )

    def _in_batch_loss(self, queries: tf.Tensor, rows: tf.Tensor, training: bool) -> tf.Tensor:
        positions = tf.gather(self._position_of_row, rows)
        batch = {name: tf.gather(value, positions) for name, value in self._candidates.items()}
        return self._task(
            queries,
            self.candidate(batch, training=training),
            candidate_sampling_probability=tf.gather(self._share, rows) if self._log_q else None,
            candidate_ids=positions,
            compute_metrics=False,
        )
