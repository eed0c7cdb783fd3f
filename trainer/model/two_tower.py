"""Two-tower model: both towers and the loss between them."""

import functools
import math

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

from trainer.config import ModelConfig
from trainer.data.windows import (
    EVENTS,
    GAPS,
    INPUTS,
    PADDING,
    TARGETS,
    TIMES,
    USERS,
    WAITS,
    WEIGHTS,
)
from trainer.model.ids import IdTable
from trainer.model.losses import SampledSoftmax, SharedSoftmax, full_softmax
from trainer.model.towers import CandidateTower, QueryTower
from transform import features
from transform.definition import Definition


class TwoTowerModel(tfrs.Model):
    """Scores a (timeline, item) pair by the dot product of their tower outputs."""

    def __init__(
        self,
        config: ModelConfig,
        definition: Definition,
        sizes: dict[str, int],
        candidates: dict[str, tf.Tensor],
        position_of_row: np.ndarray,
        counts: np.ndarray,
        item_times: dict[str, np.ndarray],
    ) -> None:
        """Creates the towers.

        Args:
            config: Hyperparameters.
            definition: Of the data set.
            sizes: Rows of the table of each column.
            candidates: The whole catalogue, as `CandidateTower` takes it.
            position_of_row: `[known items]` int64 catalogue position of each vocabulary row.
            counts: `[known items]` int64 events with each in training.
            item_times: By name of a time of the item: `[known items + 1]` int64 seconds.
        """
        super().__init__()
        ids = IdTable(
            sizes[features.ITEM_ID] - 1, config.embedding_dim, config.id_dropout, extra_rows=1
        )
        self.query = QueryTower(ids, definition, sizes, item_times, config)
        self.candidate = CandidateTower(ids, definition, sizes, config)
        self._candidates = candidates
        self._weighted = bool(definition.event.weight)
        # In order of row, without the unrated: they share one row, and as negatives that are never
        # right they would teach the model that nobody wants a new item.
        self._rated = {n: tf.gather(value, position_of_row) for n, value in candidates.items()}
        self._sampled = None
        if config.samples(len(candidates[features.ITEM_ID])):
            loss = SharedSoftmax if config.loss == "sampled_softmax" else SampledSoftmax
            self._sampled = loss(config, counts / counts.sum())
        self._log_temperature = tf.Variable(
            math.log(config.temperature), trainable=config.learn_temperature, name="log_temperature"
        )

    def compute_loss(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Returns the loss of a batch of windows, a scalar.

        Args:
            inputs: A batch, as `make_batches` gives it.
            training: Whether dropout is on.
        """
        past = (inputs[name] for name in (USERS, INPUTS, EVENTS, GAPS, WAITS, TIMES))
        queries = self.query(*past, training=training)
        real = inputs[TARGETS] != PADDING
        queries = tf.boolean_mask(queries, real) * tf.exp(-self._log_temperature)
        rows = tf.boolean_mask(inputs[TARGETS], real)
        weights = tf.boolean_mask(inputs[WEIGHTS], real) if self._weighted else None
        if self._sampled is None:
            matrix = self.candidate(self._rated, training=training)
            return full_softmax(queries, matrix, rows, weights)
        window = tf.where(real)[:, 0]
        embed = functools.partial(self._embed, training=training)
        return self._sampled(queries, rows, window, embed, weights)

    def tables(self) -> list[tuple[str, tf.Variable]]:
        """Returns the tables whose rows are entries of a vocabulary, each with its name."""
        return [*self.query.tables(), *self.candidate.tables()]

    def candidate_matrix(self) -> tf.Tensor:
        """Returns the vectors of the whole catalogue, `[items, dim]` float32."""
        return self.candidate(self._candidates)

    def _embed(self, rows: tf.Tensor, training: bool) -> tf.Tensor:
        """Returns the `[n, dim]` vectors of items by `[n]` vocabulary rows."""
        chosen = {name: tf.gather(value, rows) for name, value in self._rated.items()}
        return self.candidate(chosen, training=training)
