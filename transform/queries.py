"""Queries as padded tensors: what is known when recommendations are asked for.

Clients send them, stored timelines are parsed to them, and the query tower takes them. A value that
is not known is "" among texts, NaN among numbers, `calendar.MISSING` among times of a user, zeros
in a vector, and 0 as the time of an event or of the request.
"""

import tensorflow as tf

from transform import calendar, features
from transform.conditions import OPERATORS, parse_comparison
from transform.definition import Definition
from transform.kinds import Categories, Category, Feature, Number, Time, Vector, Words

Query = dict[str, tf.Tensor]
UNKNOWN_TIME = 0
NAN = float("nan")


def history(definition: Definition) -> tuple[str, ...]:
    """Returns the names of the lists of a history that queries use: all but the weight."""
    return (features.ITEM_ID, features.TIME, *definition.event.features)


def specs(definition: Definition) -> dict[str, tf.TensorSpec]:
    """Returns shape and type of each part of a query, by name.

    `[batch]` user id; `[batch]`, of categories `[batch, any]` and of vectors `[batch, size]`, the
    features of the user; `[batch, length]`, of vectors `[batch, length, size]`, the history;
    `[batch]` the time of the request.
    """
    found = {features.USER_ID: tf.TensorSpec([None], tf.string)}
    for name, feature in definition.user_features.items():
        shape: list[int | None] = [None]
        if isinstance(feature, (Categories, Vector)):
            shape = [None, feature.size if isinstance(feature, Vector) else None]
        found[name] = tf.TensorSpec(shape, dtype(feature))
    found[features.ITEM_ID] = tf.TensorSpec([None, None], tf.string)
    found[features.TIME] = tf.TensorSpec([None, None], tf.int64)
    for name, feature in definition.event.features.items():
        inner = [feature.size] if isinstance(feature, Vector) else []
        found[name] = tf.TensorSpec([None, None, *inner], dtype(feature))
    found[features.REQUEST_TIME] = tf.TensorSpec([None], tf.int64)
    return found


def dtype(feature: Feature) -> tf.DType:
    """Returns the type of a raw feature."""
    if isinstance(feature, (Number, Vector)):
        return tf.float32
    if isinstance(feature, Time):
        return tf.int64
    assert isinstance(feature, (Category, Categories, Words))
    return tf.string


def unknown(feature: Feature) -> str | float | int:
    """Returns the value that stands for one that is not known."""
    if isinstance(feature, Vector):
        return 0.0
    if isinstance(feature, Number):
        return NAN
    return calendar.MISSING if isinstance(feature, Time) else ""


def nobody(definition: Definition, history: tf.Tensor) -> Query:
    """Returns queries of which nothing is known but the items of the history.

    Args:
        definition: Of the data set.
        history: `[batch, length]` string, padded with "".
    """
    shape = tf.shape(history)
    query = {features.ITEM_ID: history}
    for name, spec in specs(definition).items():
        if name == features.ITEM_ID:
            continue
        listed = name in (features.TIME, *definition.event.features)
        outer = shape if listed else shape[:1]
        inner = [size or 0 for size in spec.shape[2 if listed else 1 :]]
        feature = definition.user_features.get(name) or definition.event.features.get(name)
        value = unknown(feature) if feature else (UNKNOWN_TIME if spec.dtype == tf.int64 else "")
        query[name] = tf.fill(tf.concat([outer, inner], 0), tf.constant(value, spec.dtype))
    return query


def parse(examples: tf.Tensor, definition: Definition) -> Query:
    """Parses `[batch]` serialized raw timelines into a query each; labels are left aside.

    Returns:
        By name, as in `specs`; histories are padded after the end.
    """
    spec: dict[str, object] = {
        features.USER_ID: tf.io.FixedLenFeature([], tf.string),
        features.REQUEST_TIME: tf.io.FixedLenFeature([], tf.int64, UNKNOWN_TIME),
    }
    for name, feature in definition.user_features.items():
        default, kind = unknown(feature), dtype(feature)
        if isinstance(feature, Categories):
            spec[name] = tf.io.RaggedFeature(kind)
        elif isinstance(feature, Vector):
            spec[name] = tf.io.FixedLenFeature([feature.size], kind, [default] * feature.size)
        else:
            spec[name] = tf.io.FixedLenFeature([], kind, default)
    spec[features.ITEM_ID] = tf.io.RaggedFeature(tf.string)
    spec[features.TIME] = tf.io.RaggedFeature(tf.int64)
    for name, feature in definition.event.features.items():
        spec[name] = tf.io.RaggedFeature(dtype(feature))
    parsed = tf.io.parse_example(examples, spec)
    length = tf.shape(parsed[features.ITEM_ID].to_tensor())[1]
    for name in history(definition):
        kind = definition.event.features.get(name)
        default = unknown(kind) if kind else ("" if name == features.ITEM_ID else UNKNOWN_TIME)
        size = kind.size if isinstance(kind, Vector) else 1
        padded = parsed[name].to_tensor(default)
        short = length * size - tf.shape(padded)[1]  # of timelines from before the feature was
        padded = tf.pad(padded, [[0, 0], [0, short]], constant_values=default)
        inner = [size] if isinstance(kind, Vector) else []
        batch = tf.shape(padded)[0]  # not -1, which is 0 where nobody has a history
        parsed[name] = tf.reshape(padded, [batch, length, *inner])
    for name, feature in definition.user_features.items():
        if isinstance(feature, Categories):
            parsed[name] = parsed[name].to_tensor("")
    return parsed


def as_parsed(query: Query, definition: Definition) -> dict[str, tf.Tensor | tf.SparseTensor]:
    """Turns queries into what parsing raw timelines gives, which is what Transform's graph takes.

    A gap in a history closes up: clients may pad on either side.
    """
    raw: dict[str, tf.Tensor | tf.SparseTensor] = {features.USER_ID: query[features.USER_ID]}
    for name, feature in definition.user_features.items():
        value = query[name]
        known = is_known(value, feature)
        if isinstance(feature, Vector):
            value, known = tf.RaggedTensor.from_tensor(value), known[:, tf.newaxis]
            raw[name] = tf.ragged.boolean_mask(value, tf.repeat(known, feature.size, axis=1))
        elif isinstance(feature, Categories):
            raw[name] = tf.ragged.boolean_mask(value, known)
        else:
            raw[name] = tf.ragged.boolean_mask(value[:, tf.newaxis], known[:, tf.newaxis])
        raw[name] = raw[name].to_sparse()
    real = query[features.ITEM_ID] != ""
    for name in history(definition):
        kept = tf.ragged.boolean_mask(query[name], real)
        if isinstance(definition.event.features.get(name), Vector):
            size = query[name].shape[2]
            flat = tf.reshape(kept.flat_values, [-1])
            kept = tf.RaggedTensor.from_row_lengths(flat, kept.row_lengths() * size)
        raw[name] = kept.to_sparse()
    return raw


def is_known(value: tf.Tensor, feature: Feature) -> tf.Tensor:
    """Returns which values of a feature are known: `[batch]`, of categories `[batch, any]`."""
    if isinstance(feature, Vector):
        return tf.reduce_any(value != 0, axis=-1)
    if isinstance(feature, Number):
        return ~tf.math.is_nan(value)
    return value != unknown(feature)


def seen(query: Query, definition: Definition) -> tf.Tensor:
    """Returns the ids that a history makes seen, `[batch, length]` string; "" for the others."""
    if not definition.event.seen:
        return query[features.ITEM_ID]
    return tf.where(is_seen(query, definition), query[features.ITEM_ID], "")


def is_seen(values: Query, definition: Definition) -> tf.Tensor:
    """Returns which events fulfil all conditions of `event.seen`, in the shape of the values.

    A condition on what is not known counts as fulfilled: who names bare ids has seen them.

    Args:
        values: Raw features of events by name, all of one shape.
        definition: One with `event.seen`.
    """
    fulfilled = []
    for name, condition in definition.event.seen.items():
        value = values[name]
        if isinstance(condition, str):
            symbol, number = parse_comparison(condition)
            holds = OPERATORS[symbol](value, tf.constant(number, tf.float32))
        else:
            holds = tf.reduce_any(value[..., tf.newaxis] == list(condition), axis=-1)
        fulfilled.append(holds | ~is_known(value, definition.event.features[name]))
    return tf.reduce_all(tf.stack(fulfilled), axis=0)
