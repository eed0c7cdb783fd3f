"""Query tower and candidate tower.

Both end in a vector of the same length, and a pair's score is the dot product of the two. The table
of item ids is shared: an item in somebody's history and the same item as a candidate have one id
vector.
"""

import numpy as np
import tensorflow as tf

from trainer.config import ModelConfig
from trainer.data.catalogue import Catalogue
from trainer.data.windows import PADDING, START
from trainer.model.context import Context
from trainer.model.encoders import make_encoder
from trainer.model.ids import IdTable
from trainer.model.inputs import embed_item_column, embed_user_column, mean_of_rows, table_of
from transform import columns, features
from transform.columns import Column
from transform.definition import Definition

USER = Column(features.USER_ID, "row", vocabulary=features.USER_ID)


class CandidateTower(tf.keras.layers.Layer):
    """Embeds items by id and by features, which are known without any event."""

    def __init__(
        self, ids: IdTable, definition: Definition, sizes: dict[str, int], config: ModelConfig
    ) -> None:
        """Creates the tower.

        Args:
            ids: Table of item ids.
            definition: Of the data set.
            sizes: Rows of the table of each column.
            config: Hyperparameters.
        """
        super().__init__()
        self._ids = ids
        used = definition.item.features if config.item_features else {}
        self._columns = columns.all_columns(used)
        self._features = {
            column.name: embed_item_column(column, sizes.get(column.name, 0), config.embedding_dim)
            for column in self._columns
        }
        self._bias = IdTable(ids.known, 1, dropout=0.0) if config.item_bias else None
        self._normalized = config.normalized

    def tables(self) -> list[tuple[str, tf.Variable]]:
        """Returns the tables whose rows are entries of a vocabulary, each with its name."""
        named = [column.name for column in self._columns if column.vocabulary]
        tables = [(name, table_of(self._features[name])) for name in named]
        return tables + ([(features.ITEM_ID, self._bias.weight)] if self._bias else [])

    def call(
        self, candidates: dict[str, tf.Tensor | tf.RaggedTensor], training: bool = False
    ) -> tf.Tensor:
        """Returns the vectors of candidates.

        Args:
            candidates: `[items]` int64 rows of `item_id`, and each column by name: `[items]` int64
                rows, ragged `[items, None]` int64 rows, or `[items, size]` float32.
            training: Whether ids are dropped at random.

        Returns:
            `[items, dim]` float32; the last number is the bias where the model has one.
        """
        ids = candidates[features.ITEM_ID]
        if training:  # like a new item, one whose id is hidden has no bias of its own either
            ids = self._ids.hide(ids)
        vector = self._ids(ids)
        for column in self._columns:
            layer, value = self._features[column.name], candidates[column.name]
            vector += mean_of_rows(layer, value) if column.form == "rows" else layer(value)
        if self._normalized:
            return tf.math.l2_normalize(vector, axis=-1)
        if self._bias is None:
            return vector
        return tf.concat([vector, self._bias(ids)], axis=1)


class QueryTower(tf.keras.layers.Layer):
    """Embeds users at each position of their timelines: user features, and the history so far."""

    def __init__(
        self,
        ids: IdTable,
        definition: Definition,
        sizes: dict[str, int],
        item_times: dict[str, np.ndarray],
        config: ModelConfig,
    ) -> None:
        """Creates the tower.

        Args:
            ids: Table of item ids, with one row after the unseen one for `START`.
            definition: Of the data set.
            sizes: Rows of the table of each column, that of the user id included.
            item_times: By name of a time of the item: `[items + 1]` int64 seconds by row.
            config: Hyperparameters.
        """
        super().__init__()
        self._ids = ids
        used = definition.user_features if config.user_features else {}
        self._columns = (USER, *columns.all_columns(used))
        self._user_features = {
            column.name: embed_user_column(
                column, sizes.get(column.name, 0), config.embedding_dim, config.id_dropout
            )
            for column in self._columns
        }
        of_events = columns.all_columns(definition.event.features)
        self._context = Context(of_events, sizes, item_times, config)
        self._encoder = make_encoder(config)
        self._dropout = tf.keras.layers.Dropout(config.dropout)
        self._bias = config.item_bias
        self._normalized = config.normalized

    def tables(self) -> list[tuple[str, tf.Variable]]:
        """Returns the tables whose rows are entries of a vocabulary, each with its name."""
        named = [column.name for column in self._columns if column.vocabulary]
        return [
            (features.ITEM_ID, self._ids.weight),
            *((name, table_of(self._user_features[name])) for name in named),
            *(self._context.tables() if self._encoder is not None else []),
        ]

    def call(
        self,
        users: dict[str, tf.Tensor],
        items: tf.Tensor,
        events: dict[str, tf.Tensor],
        gaps: tf.Tensor,
        waits: tf.Tensor,
        times: tf.Tensor,
        training: bool = False,
    ) -> tf.Tensor:
        """Returns the query vectors at every position.

        Args:
            users: By column: `[batch]` int64 rows, `[batch, any]` int64 rows padded with negative
                ones, or `[batch, size]` float32.
            items: `[batch, window]` int64 item rows, `START` or `PADDING`.
            events: By column: `[batch, window]` int64 rows, or `[batch, window, size]` float32.
            gaps: `[batch, window]` int64 seconds since the event before; negative: unknown.
            waits: `[batch, window]` int64 seconds until the event after, and after the last until
                the request; negative: unknown.
            times: `[batch, window]` int64 seconds since 1970-01-01 UTC; 0: unknown.
            training: Whether ids and numbers of the vector are dropped at random.

        Returns:
            `[batch, window, dim]` float32. Position `i` uses inputs up to `i` and none after it;
            values at padded positions mean nothing.
        """
        embedded = [
            self._embed_user(column, users[column.name], training) for column in self._columns
        ]
        vector = tf.repeat(tf.add_n(embedded)[:, tf.newaxis, :], tf.shape(items)[1], axis=1)
        if self._encoder is not None:
            vectors, real = self._embed_items(items, training)
            vectors = self._context(vectors, items, events, gaps, waits, times, training=training)
            vector += self._encoder(vectors, real, training=training)
        vector = self._dropout(vector, training=training)
        if self._normalized:
            return tf.math.l2_normalize(vector, axis=-1)
        if not self._bias:
            return vector
        return tf.concat([vector, tf.ones_like(vector[..., :1])], axis=-1)

    def _embed_user(self, column: Column, value: tf.Tensor, training: bool) -> tf.Tensor:
        """Returns the `[batch, dim]` vectors of a column of users."""
        layer = self._user_features[column.name]
        if column.form == "rows":
            return mean_of_rows(layer, value)
        return layer(value, training) if isinstance(layer, IdTable) else layer(value)

    def _embed_items(self, inputs: tf.Tensor, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the id vectors of the inputs, `[batch, window, dim]`, and which are real."""
        real = inputs != PADDING
        start = tf.constant(self._ids.known + 1, inputs.dtype)
        rows = tf.where(real, tf.where(inputs == START, start, inputs), 0)
        return self._ids(rows, training), real


def last_position(vectors: tf.Tensor, inputs: tf.Tensor) -> tf.Tensor:
    """Returns the vector at each row's last real input, `[batch, dim]`.

    Args:
        vectors: `[batch, window, dim]` float32.
        inputs: `[batch, window]` int64 item rows, `START`, or `PADDING` after the end.
    """
    last = tf.reduce_sum(tf.cast(inputs != PADDING, tf.int32), axis=1) - 1
    return tf.gather(vectors, tf.maximum(last, 0), batch_dims=1)


def candidate_rows(catalogue: Catalogue, item_rows: np.ndarray) -> dict[str, tf.Tensor]:
    """Returns the input of `CandidateTower` for the whole catalogue.

    Args:
        catalogue: All items.
        item_rows: `[items]` int64 rows of their ids in the timelines' vocabulary.
    """
    return {features.ITEM_ID: tf.constant(item_rows, tf.int64), **catalogue.features}
