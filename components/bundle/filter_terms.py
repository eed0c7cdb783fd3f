"""Terms of a filter, such as `genres=Comedy` and `year>=1990`, parsed and checked in the graph."""

import dataclasses

import tensorflow as tf

from transform.definition import Definition, Features
from transform.kinds import Categories, Category, Number

MOST_TERMS = 100
"""Largest number of terms of a request, of `require` and `forbid` together."""

SHOWN_BYTES = 100
TERM = r"(?s)^\s*([a-z][a-z0-9_]*)\s*(<=|>=|==|=|<|>)\s*(.*?)\s*$"
NUMBER = r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?"
EQUAL, BELOW, UP_TO, ABOVE, FROM = "=", "<", "<=", ">", ">="


def filterable(definition: Definition) -> Features:
    """Returns the features of items that are marked `filter: true`, by name."""
    return {
        name: feature
        for name, feature in definition.item.features.items()
        if isinstance(feature, (Category, Categories, Number)) and feature.filter
    }


@dataclasses.dataclass(frozen=True)
class Terms:
    """Parsed terms, each field `[batch, any]`."""

    feature: tf.Tensor
    """int64 number of the feature in the definition, -1 of padding."""

    operator: tf.Tensor
    """string: `=`, `<`, `<=`, `>` or `>=`."""

    value: tf.Tensor
    """string: what is compared with."""

    def of(self, feature: int) -> tf.Tensor:
        """Returns which terms are of a feature, by its number."""
        return tf.equal(self.feature, feature)

    def columns(self, first: tf.Tensor | int, end: tf.Tensor | int) -> "Terms":
        """Returns the terms in some of the columns."""
        parts = (self.feature, self.operator, self.value)
        return Terms(*(part[:, first:end] for part in parts))

    def number(self) -> tf.Tensor:
        """Returns the values as float32, 0 where one is no number."""
        is_number = tf.strings.regex_full_match(self.value, NUMBER)
        parsed = tf.strings.to_number(tf.where(is_number, self.value, "0"), tf.float64)
        return tf.cast(parsed, tf.float32)


class Grammar(tf.Module):
    """What terms may say, by the definition."""

    def __init__(self, definition: Definition) -> None:
        """Numbers the features of items in the order of the definition."""
        super().__init__()
        self._names = list(definition.item.features)
        self._marked = list(filterable(definition))
        self._numbers = [
            number
            for number, feature in enumerate(definition.item.features.values())
            if isinstance(feature, Number)
        ]
        initializer = tf.lookup.KeyValueTensorInitializer(
            tf.constant(self._names), tf.range(len(self._names), dtype=tf.int64)
        )
        self._table = tf.lookup.StaticHashTable(initializer, default_value=-1)

    def number_of(self, name: str) -> int:
        """Returns the number of a feature."""
        return self._names.index(name)

    def parse(self, require: tf.Tensor, forbid: tf.Tensor) -> tuple[Terms, Terms]:
        """Parses and checks both lists of terms.

        Args:
            require: `[batch, any]` string, "" is padding.
            forbid: Likewise.

        Raises:
            tf.errors.InvalidArgumentError: There are too many terms, or one is malformed, names a
                feature that there is not or that is not marked, compares a category, or compares a
                number with none; found when the graph runs. A server passes the message on.
        """
        count = tf.shape(require)[1] + tf.shape(forbid)[1]
        message = f"A filter has at most {MOST_TERMS} terms, require and forbid together; there are"
        few = tf.debugging.Assert(count <= MOST_TERMS, [message, count])
        with tf.control_dependencies([few]):
            both = self._parse(tf.concat([require, forbid], axis=1))
        first = tf.shape(require)[1]
        return both.columns(0, first), both.columns(first, count)

    def _parse(self, texts: tf.Tensor) -> Terms:
        real = tf.not_equal(texts, "")
        formed = tf.strings.regex_full_match(texts, TERM)
        name, operator, value = (
            tf.strings.regex_replace(texts, TERM, rf"\{group}") for group in (1, 2, 3)
        )
        operator = tf.where(tf.equal(operator, "=="), EQUAL, operator)
        feature = tf.where(formed, self._table.lookup(name), -1)
        marked = _is_one_of(feature, [self._names.index(each) for each in self._marked])
        numeric = _is_one_of(feature, self._numbers)
        is_number = tf.strings.regex_full_match(value, NUMBER)
        checks = [
            _refuse(
                texts,
                real & ~formed,
                "A filter's term is a feature, one of = < <= > >= and a value, such as "
                f"{self._marked[0]}=…; malformed:",
            ),
            _refuse(
                texts,
                formed & (feature < 0),
                f"Items have no feature of this name; there are: {', '.join(self._names)}; got",
            ),
            _refuse(
                texts,
                formed & (feature >= 0) & ~marked,
                "This feature is not marked filter: true in the definition; those that are: "
                f"{', '.join(self._marked)}; got",
            ),
            _refuse(
                texts,
                marked & ~numeric & tf.not_equal(operator, EQUAL),
                "A category has no order, only = fits it; got",
            ),
            _refuse(
                texts, marked & numeric & ~is_number, "A number is compared with a number; got"
            ),
        ]
        with tf.control_dependencies(checks):
            return Terms(tf.identity(feature), tf.identity(operator), tf.identity(value))


def _is_one_of(values: tf.Tensor, those: list[int]) -> tf.Tensor:
    return tf.reduce_any(tf.equal(values[..., tf.newaxis], tf.constant(those, tf.int64)), axis=-1)


def _refuse(texts: tf.Tensor, wrong: tf.Tensor, message: str) -> tf.Operation:
    """Checks that no term is wrong; else the error holds the message and the first such terms."""
    first = tf.strings.substr(tf.boolean_mask(texts, wrong)[:3], 0, SHOWN_BYTES)
    first = tf.strings.unicode_transcode(first, "UTF-8", "UTF-8")  # else no client could read it
    return tf.debugging.Assert(~tf.reduce_any(wrong), [message, first])
