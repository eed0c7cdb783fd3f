"""What the two Transforms do: raw records to model inputs, kind by kind.

It is traced once, frozen into a graph, and that same graph runs in training, evaluation and
serving. Ids become row numbers; one row more, `vocabulary_size`, stands for "never seen in
training" and is trained on purpose (see `ModelConfig.id_dropout`).
"""

from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from transform import calendar, columns, features, queries
from transform.definition import from_json
from transform.kinds import Categories, Category, Feature, Number, Time, Vector, Words

DEFINITION = "definition"  # key of `custom_config`
Raw = dict[str, tf.Tensor | tf.SparseTensor]


def timelines(inputs: Raw, custom_config: dict[str, Any]) -> Raw:
    """Turns raw timelines into inputs of the query tower.

    Args:
        inputs: Raw features by name. `user_id` is `[batch]`; all others are sparse
            `[batch, None]`, typed as in `schemas.timelines`.
        custom_config: Holds the definition as JSON.

    Returns:
        By the same names: int64 `[batch]` row of the user; what `columns` lists for each user
        feature; of history and labels, sparse int64 rows of items and of the events' categories
        and numbers, vectors flat, and times and weights untouched; of the history, where the
        definition says which events make an item a seen one, `seen` too.
    """
    definition = from_json(custom_config[DEFINITION])
    item_vocabulary = tft.vocabulary(inputs[features.ITEM_ID], vocab_filename=features.ITEM_ID)
    outputs = {features.USER_ID: _rows(inputs[features.USER_ID], features.USER_ID)}
    for name, feature in definition.user_features.items():
        outputs |= scalars(name, feature, inputs[name])
    for name in (features.ITEM_ID, features.label(features.ITEM_ID)):
        outputs[name] = tft.apply_vocabulary(inputs[name], item_vocabulary, num_oov_buckets=1)
    untouched = [features.TIME] + ([features.WEIGHT] if definition.event.weight else [])
    for name in untouched:
        outputs[name] = inputs[name]
        outputs[features.label(name)] = inputs[features.label(name)]
    if definition.event.seen:
        past = {name: inputs[name].values for name in definition.event.seen}
        found = tf.cast(queries.is_seen(past, definition), tf.int64)
        outputs[features.SEEN] = inputs[features.ITEM_ID].with_values(found)
    for name, feature in definition.event.features.items():
        past, later = inputs[name], inputs[features.label(name)]
        outputs[name], outputs[features.label(name)] = lists(name, feature, past, later)
    return outputs


def items(inputs: Raw, custom_config: dict[str, Any]) -> Raw:
    """Turns raw items into inputs of the candidate tower.

    Args:
        inputs: Raw features by name. `item_id` and `title` are `[batch]`, all others sparse
            `[batch, None]`, typed as in `schemas.items`.
        custom_config: Holds the definition as JSON.

    Returns:
        `item_id` and `title` untouched (the rows of ids belong to the timelines' vocabulary: an
        item without events has no row of its own), and what `columns` lists for each feature.
    """
    definition = from_json(custom_config[DEFINITION])
    outputs: Raw = {name: inputs[name] for name in (features.ITEM_ID, features.TITLE)}
    for name, feature in definition.item.features.items():
        outputs |= scalars(name, feature, inputs[name])
    return outputs


def scalars(name: str, feature: Feature, raw: tf.SparseTensor) -> Raw:
    """Returns the transformed feature of a record that has at most one value of it.

    Args:
        name: Of the feature.
        feature: Its kind.
        raw: Sparse `[batch, None]`.

    Returns:
        What `columns.columns` lists, by name.
    """
    if isinstance(feature, Category):
        text = prefix(_single(raw, default=""), feature.prefix)
        return {name: _rows(text, name, feature.min_count)}
    if isinstance(feature, Categories):
        return {name: _rows(raw, name, feature.min_count)}
    if isinstance(feature, Words):
        return {name: _rows(words(_single(raw, default="")), name, feature.min_count)}
    if isinstance(feature, Vector):
        return {name: _dense(raw, feature.size, 0.0)}
    if isinstance(feature, Number):
        steps = _steps(feature, raw)
        return {name: bucket(_single(raw, default=float("nan")), steps)}
    assert isinstance(feature, Time)
    when = _single(raw, default=calendar.MISSING)
    known = tf.sparse.retain(raw, raw.values != calendar.MISSING)
    steps = _quantiles(tf.cast(known.values, tf.float32), feature.buckets)
    as_number = tf.where(when == calendar.MISSING, float("nan"), tf.cast(when, tf.float32))
    return {
        name: bucket(as_number, steps),
        columns.month(name): calendar.month(when),
        columns.weekday(name): calendar.weekday(when),
        columns.seconds(name): when,
    }


def lists(
    name: str, feature: Feature, past: tf.SparseTensor, later: tf.SparseTensor
) -> tuple[tf.SparseTensor, tf.SparseTensor]:
    """Returns a transformed feature of events: of the history, and of the labels.

    Args:
        name: Of the feature.
        feature: Its kind: a category, a number or a vector.
        past: Sparse `[batch, None]`, one value an event; "" and NaN are missing ones.
        later: Likewise.
    """
    if isinstance(feature, Vector):
        return past, later
    if isinstance(feature, Number):
        steps = _steps(feature, past)
        return tuple(raw.with_values(bucket(raw.values, steps)) for raw in (past, later))
    assert isinstance(feature, Category)
    past, later = (raw.with_values(prefix(raw.values, feature.prefix)) for raw in (past, later))
    known = tf.sparse.retain(past, past.values != "")
    vocabulary = tft.vocabulary(
        known, vocab_filename=name, frequency_threshold=_threshold(feature.min_count)
    )
    return tuple(tft.apply_vocabulary(raw, vocabulary, num_oov_buckets=1) for raw in (past, later))


def bucket(value: tf.Tensor, steps: tf.Tensor) -> tf.Tensor:
    """Returns the int64 bucket of each float32 value: 0 for NaN, else 1 and up.

    A bucket begins at its step: with steps 10 and 20, 9.9 is in bucket 1, 10 in 2, and 20 in 3.

    Args:
        value: `[any]`.
        steps: `[steps]` ascending.
    """
    place = 1 + tf.searchsorted(tf.reshape(steps, [-1]), value, side="right", out_type=tf.int64)
    return tf.where(tf.math.is_nan(value), tf.zeros_like(place), place)


def prefix(text: tf.Tensor, length: int) -> tf.Tensor:
    """Returns the first `length` characters of each text; all of them where that is 0."""
    return tf.strings.substr(text, 0, length, unit="UTF8_CHAR") if length else text


def words(text: tf.Tensor) -> tf.SparseTensor:
    """Returns the lower-case words of each `[batch]` text: runs of letters and digits."""
    lower = tf.strings.lower(text, encoding="utf-8")
    spaced = tf.strings.regex_replace(lower, r"[^\pL\pN]+", " ")
    return tf.strings.split(tf.strings.strip(spaced)).to_sparse()


def vocabulary_table(path: tf.Tensor | str) -> tf.lookup.StaticVocabularyTable:
    """Returns the table of a vocabulary file: rows, and the row after the last for others."""
    initializer = tf.lookup.TextFileInitializer(
        path,
        key_dtype=tf.string,
        key_index=tf.lookup.TextFileIndex.WHOLE_LINE,
        value_dtype=tf.int64,
        value_index=tf.lookup.TextFileIndex.LINE_NUMBER,
    )
    return tf.lookup.StaticVocabularyTable(initializer, num_oov_buckets=1)


def _rows(values: tf.Tensor | tf.SparseTensor, name: str, min_count: int = 1) -> tf.Tensor:
    """Returns each value's row in the vocabulary `name`; the row after the last means "unseen"."""
    return tft.compute_and_apply_vocabulary(
        values,
        num_oov_buckets=1,
        vocab_filename=name,
        frequency_threshold=_threshold(min_count),
    )


def _threshold(min_count: int) -> int | None:
    return min_count if min_count > 1 else None


def _steps(feature: Number, raw: tf.SparseTensor) -> tf.Tensor:
    """Returns where buckets end: as given, or at quantiles of the numbers that are there."""
    if feature.steps:
        return tf.constant(feature.steps, tf.float32)
    present = tf.boolean_mask(raw.values, ~tf.math.is_nan(raw.values))
    return _quantiles(present, feature.buckets)


def _quantiles(values: tf.Tensor, buckets: int) -> tf.Tensor:
    """Returns the `[buckets - 1]` quantiles of `[any]` float32 values, over the whole data."""
    return tft.quantiles(values, num_buckets=buckets, epsilon=0.01)


def _single(sparse: tf.SparseTensor, default: int | float | str) -> tf.Tensor:
    """Returns the `[batch]` single value of a feature that may be missing."""
    return tf.squeeze(_dense(sparse, 1, default), axis=1)


def _dense(sparse: tf.SparseTensor, size: int, default: int | float | str) -> tf.Tensor:
    """Returns the `[batch, size]` values of a feature that has `size` of them, or none."""
    row = tf.SparseTensor(sparse.indices, sparse.values, [sparse.dense_shape[0], size])
    return tf.ensure_shape(tf.sparse.to_dense(row, default_value=default), [None, size])
