"""Embeddings of transformed features: a table or a projection for each column of a record."""

import tensorflow as tf

from trainer.model.ids import IdTable
from transform.columns import Column


def embed_item_column(column: Column, rows: int, dim: int) -> tf.keras.layers.Layer:
    """Creates the layer that embeds a column of items.

    Args:
        column: What Transform made.
        rows: Rows of its table; of a vector unused.
        dim: Length of the embedding.
    """
    if column.form == "vector":
        return tf.keras.layers.Dense(dim, use_bias=False)
    return tf.keras.layers.Embedding(rows, dim)


def embed_user_column(column: Column, rows: int, dim: int, dropout: float) -> tf.keras.layers.Layer:
    """Creates the layer that embeds a column of users, whose single values are hidden at random.

    Args:
        column: What Transform made.
        rows: Rows of its table; of a vector unused.
        dim: Length of the embedding.
        dropout: Share of values that training replaces by unknown ones.
    """
    if column.form != "row":
        return embed_item_column(column, rows, dim)
    if column.vocabulary:
        return IdTable(rows - 1, dim, dropout)
    return IdTable(rows, dim, dropout, unseen=0)


def mean_of_rows(table: tf.keras.layers.Layer, rows: tf.Tensor | tf.RaggedTensor) -> tf.Tensor:
    """Returns the `[batch, dim]` mean of the vectors of each list of rows; zeros of an empty one.

    Args:
        table: Embeds rows.
        rows: `[batch, None]` int64, ragged or padded with negative ones.
    """
    if not isinstance(rows, tf.RaggedTensor):
        rows = tf.ragged.boolean_mask(rows, rows >= 0)
    each = tf.ragged.map_flat_values(table, rows)
    count = tf.cast(rows.row_lengths(), tf.float32)[:, tf.newaxis]
    return tf.math.divide_no_nan(tf.reduce_sum(each, axis=1), count)


def table_of(layer: tf.keras.layers.Layer) -> tf.Variable:
    """Returns the table of a layer that embeds rows."""
    return layer.weight if isinstance(layer, IdTable) else layer.embeddings
