"""Trained towers as one SavedModel: raw features in, vectors out.

It holds both transform graphs, so that loading it takes neither Transform's output nor this code,
and no id is ever looked up by a second rule.
"""

import tensorflow as tf
import tensorflow_transform as tft

from trainer.config import ModelConfig
from trainer.data.timelines import NO_GAP, NO_ROW
from trainer.data.windows import NO_TIME, PADDING, START
from trainer.model.towers import last_position
from trainer.model.two_tower import TwoTowerModel
from transform import columns, features, preprocessing, queries
from transform.columns import Column
from transform.definition import Definition


class Towers(tf.Module):
    """Two functions, `embed_query` and `embed_candidate`: all that is used after training."""

    def __init__(
        self,
        model: TwoTowerModel,
        definition: Definition,
        unknown: dict[str, int],
        timelines: tft.TFTransformOutput,
        items: tft.TFTransformOutput,
        config: ModelConfig,
    ) -> None:
        """Keeps what the functions need, so that it is saved with them.

        Args:
            model: The trained model.
            definition: Of the data set.
            unknown: Row of an unknown value, by name of the event feature.
            timelines: Output of the timelines' Transform.
            items: Output of the items' Transform.
            config: Hyperparameters.
        """
        super().__init__()
        self.query = model.query  # not the model itself: its optimizer is twice as large
        self.candidate = model.candidate
        self.timeline_layer = timelines.transform_features_layer()
        self.item_layer = items.transform_features_layer()
        self.window = config.window
        self.uses_history = config.history != "none"
        # A variable, since who loads the SavedModel sees no Python value.
        self.uses_request_time = tf.Variable(config.request_time, trainable=False)
        self.known_users = timelines.vocabulary_size_by_name(features.USER_ID)
        self.known_items = timelines.vocabulary_size_by_name(features.ITEM_ID)
        self.item_ids = preprocessing.vocabulary_table(
            timelines.vocabulary_file_by_name(features.ITEM_ID)
        )
        self._definition = definition
        self._unknown = tuple(unknown.items())
        self.embed_query = tf.function(
            self._embed_query, input_signature=[queries.specs(definition)]
        )
        self.embed_candidate = tf.function(
            self._embed_candidate, input_signature=[tf.TensorSpec([None], tf.string)]
        )

    def _embed_query(self, query: queries.Query) -> dict[str, tf.Tensor]:
        """Embeds queries, and says of which users something is known.

        Args:
            query: Raw features by name, as in `queries.specs`.

        Returns:
            `embedding`: `[batch, dim]` float32. `known`: `[batch]` bool, whether the user was seen
            in training or, where the model uses histories, an item of the history was.
        """
        rows = self.timeline_layer(queries.as_parsed(query, self._definition))
        history = tf.RaggedTensor.from_sparse(rows[features.ITEM_ID])
        lengths = history.row_lengths()
        items = self._latest(history, START).to_tensor(PADDING)
        event_columns = columns.all_columns(self._definition.event.features)
        unknown = dict(self._unknown)
        events = {
            column.name: self._events(column, rows[column.name], lengths, unknown[column.name])
            for column in event_columns
        }
        time = tf.RaggedTensor.from_sparse(rows[features.TIME])
        gaps = _gaps(rows[features.TIME], lengths)
        waits = _waits(rows[features.TIME], lengths, query[features.REQUEST_TIME])
        vectors = self.query(
            self._users(rows),
            items,
            events,
            self._latest(gaps, NO_GAP).to_tensor(NO_GAP),
            self._latest(waits, NO_GAP).to_tensor(NO_GAP),
            self._latest(time, NO_TIME).to_tensor(NO_TIME),
        )
        known = rows[features.USER_ID] < self.known_users
        if self.uses_history:
            known |= tf.reduce_any(history < self.known_items, axis=1)
        return {"embedding": last_position(vectors, items), "known": known}

    def _users(self, rows: dict[str, tf.Tensor | tf.SparseTensor]) -> dict[str, tf.Tensor]:
        """Returns the columns of users as the query tower takes them."""
        users = {features.USER_ID: rows[features.USER_ID]}
        for column in columns.all_columns(self._definition.user_features):
            value = rows[column.name]
            if column.form == "rows":
                value = tf.sparse.to_dense(value, default_value=NO_ROW)
            users[column.name] = value
        return users

    def _events(
        self, column: Column, rows: tf.SparseTensor, lengths: tf.Tensor, unknown: int
    ) -> tf.Tensor:
        """Returns a column of events as the query tower takes it, `[batch, window]` or with size.

        Args:
            column: What Transform made.
            rows: Sparse `[batch, any]`; a vector's numbers one after another.
            lengths: `[batch]` int64 numbers of events.
            unknown: Row of an unknown value.
        """
        if column.form != "vector":
            value = tf.RaggedTensor.from_sparse(rows)
            return self._latest(value, unknown).to_tensor(unknown)
        vectors = tf.reshape(rows.values, [-1, column.size])
        value = tf.RaggedTensor.from_row_lengths(vectors, lengths)
        first = tf.zeros([value.nrows(), 1, column.size])
        return tf.concat([first, value], axis=1)[:, -self.window :].to_tensor(0.0)

    def _latest(self, column: tf.RaggedTensor, start: int) -> tf.RaggedTensor:
        """Returns the latest `window` values of `start` and each row's column, `[batch, None]`."""
        first = tf.fill([column.nrows(), 1], tf.constant(start, column.dtype))
        return tf.concat([first, column], axis=1)[:, -self.window :]

    def _embed_candidate(self, examples: tf.Tensor) -> tf.Tensor:
        """Returns the `[batch, dim]` float32 vectors of `[batch]` serialized raw items."""
        named = self._definition.item.features
        spec = {
            name: tf.io.FixedLenFeature([], tf.string)
            for name in (features.ITEM_ID, features.TITLE)
        }
        spec |= {name: tf.io.VarLenFeature(queries.dtype(kind)) for name, kind in named.items()}
        raw = tf.io.parse_example(examples, spec)
        rows = self.item_layer(raw)
        candidates = {features.ITEM_ID: self.item_ids.lookup(raw[features.ITEM_ID])}
        for column in columns.all_columns(named):
            value = rows[column.name]
            ragged = column.form == "rows"
            candidates[column.name] = tf.RaggedTensor.from_sparse(value) if ragged else value
        return self.candidate(candidates)


def _gaps(times: tf.SparseTensor, lengths: tf.Tensor) -> tf.RaggedTensor:
    """Returns the seconds between each event and the one before; `NO_GAP` where that is unknown.

    Args:
        times: `[batch, any]` int64 seconds, 0 where unknown.
        lengths: `[batch]` int64 numbers of events.
    """
    padded = tf.sparse.to_dense(times)
    before = tf.pad(padded, [[0, 0], [1, 0]])[:, :-1]
    known = (padded != NO_TIME) & (before != NO_TIME)
    gaps = tf.where(known, padded - before, tf.constant(NO_GAP, tf.int64))
    return tf.RaggedTensor.from_tensor(gaps, lengths=lengths)


def _waits(times: tf.SparseTensor, lengths: tf.Tensor, request_time: tf.Tensor) -> tf.RaggedTensor:
    """Returns the seconds between each event and the one after, and after the last the request.

    A request before the last event counts as one at its time: clocks differ.

    Args:
        times: `[batch, any]` int64 seconds, 0 where unknown.
        lengths: `[batch]` int64 numbers of events.
        request_time: `[batch]` int64 seconds, 0 where unknown.
    """
    padded = tf.sparse.to_dense(times)
    after = tf.pad(padded, [[0, 0], [0, 1]])[:, 1:]
    is_last = tf.range(tf.shape(padded, tf.int64)[1]) == lengths[:, tf.newaxis] - 1
    asked = request_time[:, tf.newaxis]
    asked = tf.where(asked == NO_TIME, asked, tf.maximum(asked, padded))
    after = tf.where(is_last, asked, after)
    known = (padded != NO_TIME) & (after != NO_TIME)
    waits = tf.where(known, after - padded, tf.constant(NO_GAP, tf.int64))
    return tf.RaggedTensor.from_tensor(waits, lengths=lengths)
