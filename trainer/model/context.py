"""Context of the events of a timeline: their features, the time before each, the item's age."""

import math

import numpy as np
import tensorflow as tf

from trainer.config import ModelConfig
from transform import calendar
from transform.columns import Column

GAP_ROWS = 32  # row 0: unknown; then powers of two up to 34 years
AGE_ROWS = 34  # row 0: unknown, row 1: before its time; then as gaps
NO_TIME = 0


class Context(tf.keras.layers.Layer):
    """Adds to each item's vector what is known of the event.

    Queries may hold ids alone, so training hides the context in a share of the windows.
    """

    def __init__(
        self,
        columns: tuple[Column, ...],
        sizes: dict[str, int],
        item_times: dict[str, np.ndarray],
        config: ModelConfig,
    ) -> None:
        """Creates the tables and projections.

        Args:
            columns: Of the features of events.
            sizes: Rows of the table of each column.
            item_times: By name of a time of the item: `[items + 1]` int64 seconds by vocabulary
                row, that of the unseen last.
            config: Hyperparameters; `event_features`, `gaps`, `request_time`, `request_dropout`,
                `embedding_dim` and `id_dropout` are used.
        """
        super().__init__()
        dim, table = config.embedding_dim, tf.keras.layers.Embedding
        self._hidden = config.id_dropout
        self._columns = columns if config.event_features else ()
        self._unknown = {c.name: sizes[c.name] - 1 if c.vocabulary else 0 for c in self._columns}
        self._features = {
            column.name: (
                tf.keras.layers.Dense(dim, use_bias=False)
                if column.form == "vector"
                else table(sizes[column.name], dim)
            )
            for column in self._columns
        }
        self._gaps = table(GAP_ROWS, dim) if config.gaps else None
        self._waits = table(GAP_ROWS, dim) if config.request_time else None
        self._waits_hidden = config.request_dropout
        times = item_times if config.event_features else {}
        self._item_times = {name: tf.constant(seconds) for name, seconds in times.items()}
        self._ages = {name: table(AGE_ROWS, dim) for name in times}

    def tables(self) -> list[tuple[str, tf.Variable]]:
        """Returns the tables whose rows are entries of a vocabulary, each with its name."""
        named = [column for column in self._columns if column.vocabulary]
        return [(column.name, self._features[column.name].embeddings) for column in named]

    def call(
        self,
        vectors: tf.Tensor,
        items: tf.Tensor,
        events: dict[str, tf.Tensor],
        gaps: tf.Tensor,
        waits: tf.Tensor,
        times: tf.Tensor,
        training: bool = False,
    ) -> tf.Tensor:
        """Adds the context to the vectors of items.

        Args:
            vectors: `[batch, window, dim]` float32.
            items: `[batch, window]` int64 item rows; negative ones are no items.
            events: By column: `[batch, window]` int64 rows, or `[batch, window, size]` float32.
            gaps: `[batch, window]` int64 seconds since the event before; negative: unknown.
            waits: `[batch, window]` int64 seconds until the event after, or until the request;
                negative: unknown.
            times: `[batch, window]` int64 seconds since 1970-01-01 UTC; 0: unknown.
            training: Whether windows lose their context at random.

        Returns:
            `[batch, window, dim]` float32.
        """
        shown = tf.ones([tf.shape(vectors)[0], 1], tf.bool)
        if (
            training
            and self._hidden
            and (self._features or self._gaps or self._waits or self._ages)
        ):
            shown = tf.random.uniform(tf.shape(shown)) >= self._hidden
        for column in self._columns:
            value, layer = events[column.name], self._features[column.name]
            if column.form == "vector":
                vectors += layer(value * tf.cast(shown, tf.float32)[..., tf.newaxis])
            else:
                unknown = tf.constant(self._unknown[column.name], tf.int64)
                vectors += layer(tf.where(shown, value, unknown))
        if self._gaps is not None:
            vectors += self._gaps(tf.where(shown, gap_rows(gaps), 0))
        if self._waits is not None:
            told = shown
            if training and self._waits_hidden:
                told &= tf.random.uniform(tf.shape(waits)) >= self._waits_hidden
            vectors += self._waits(tf.where(told, gap_rows(waits), 0))
        for name, seconds in self._item_times.items():
            last = tf.constant(len(seconds) - 1, tf.int64)
            born = tf.gather(seconds, tf.where(items < 0, last, tf.minimum(items, last)))
            vectors += self._ages[name](tf.where(shown, age_rows(times, born), 0))
        return vectors


def gap_rows(gaps: tf.Tensor) -> tf.Tensor:
    """Returns the table row of each gap, int64: one for every doubling.

    Args:
        gaps: int64 seconds of any shape; 0 gets row 1, a negative one row 0, unknown.
    """
    doublings = tf.math.log(1.0 + tf.cast(tf.maximum(gaps, 0), tf.float32)) / math.log(2.0)
    rows = tf.minimum(1 + tf.cast(tf.floor(doublings), tf.int64), GAP_ROWS - 1)
    return tf.where(gaps < 0, tf.zeros_like(rows), rows)


def age_rows(times: tf.Tensor, born: tf.Tensor) -> tf.Tensor:
    """Returns the table row of each item's age at an event, int64: one for every doubling.

    Args:
        times: int64 seconds of the events; `NO_TIME`: unknown.
        born: int64 seconds of the items, in the same shape; `calendar.MISSING`: unknown.

    Returns:
        Row 0 where either is unknown, row 1 where the event was before the item's time.
    """
    known = (times != NO_TIME) & (born != calendar.MISSING)
    age = tf.where(known, times - tf.where(known, born, times), 0)
    rows = tf.where(age < 0, tf.ones_like(age), 1 + gap_rows(tf.maximum(age, 0)))
    return tf.where(known, rows, tf.zeros_like(rows))
