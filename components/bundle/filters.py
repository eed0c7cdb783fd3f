"""Filters of a request: which items of the catalogue it lets pass, as a mask of the index.

Several values that are required of one feature are alternatives, bounds of a number must all hold,
and several features must all pass. An item that meets any forbidden term is left out. A missing
value meets no term.
"""

import itertools
from collections.abc import Iterable

import numpy as np
import tensorflow as tf

from components.bundle import records
from components.bundle.filter_terms import (
    ABOVE,
    BELOW,
    EQUAL,
    FROM,
    UP_TO,
    Grammar,
    Terms,
    filterable,
)
from components.bundle.index import cells
from transform.definition import Definition
from transform.kinds import Number

FEW = 4
"""Values up to which comparing with each is cheaper than looking every item up in a table."""

BITS = 31
"""Values up to which an item's are bits of an int32."""


class Filters(tf.Module):
    """The features of all items that are marked `filter: true`."""

    def __init__(self, items: records.Items, order: np.ndarray, definition: Definition) -> None:
        """Reads the features.

        Args:
            items: The whole catalogue.
            order: `[items]` position in the catalogue of each row of the index.
            definition: Definition of the data set, in which at least one feature is marked.
        """
        super().__init__()
        self.size = len(order)
        self.grammar = Grammar(definition)
        self.columns = {
            name: (
                Numbers(read_numbers(items.examples, name)[order])
                if isinstance(feature, Number)
                else of_texts(read_texts(items.examples, name), order)
            )
            for name, feature in filterable(definition).items()
        }

    def mask(self, require: tf.Tensor, forbid: tf.Tensor) -> tf.Tensor:
        """Returns which rows of the index pass, `[batch, items]` bool.

        Args:
            require: `[batch, any]` string terms, "" is padding.
            forbid: Likewise.

        Raises:
            tf.errors.InvalidArgumentError: See `Grammar.parse`.
        """
        required, forbidden = self.grammar.parse(require, forbid)
        passes = tf.ones([tf.shape(require)[0], self.size], tf.bool)
        for name, column in self.columns.items():
            number = self.grammar.number_of(name)
            passes = column.narrow(passes, required, forbidden, number)
        return passes


class Values(tf.Module):
    """The different texts of a feature."""

    def __init__(self, texts: Iterable[tuple[bytes, ...]]) -> None:
        """Numbers the texts.

        Args:
            texts: The texts of each item.
        """
        super().__init__()
        values = sorted({text for group in set(texts) for text in group}) or [b""]
        self.count = len(values)
        self.code = {text: number for number, text in enumerate(values)}
        initializer = tf.lookup.KeyValueTensorInitializer(
            tf.constant(values), tf.range(len(values))
        )
        self._table = tf.lookup.StaticHashTable(initializer, default_value=-1)

    def named(self, terms: Terms, counts: tf.Tensor) -> tf.Tensor:
        """Returns which values the terms that count name, `[batch, values]` int32 0 or 1."""
        code = tf.where(counts, self._table.lookup(terms.value), -1)
        nothing = tf.zeros([tf.shape(code)[0], self.count], tf.int32)
        return tf.tensor_scatter_nd_max(
            nothing, cells(tf.maximum(code, 0)), tf.cast(code >= 0, tf.int32)
        )


class FewTexts(tf.Module):
    """A feature of few different texts: those of an item are bits of a number."""

    def __init__(self, texts: list[tuple[bytes, ...]], values: Values, order: np.ndarray) -> None:
        """Sets the bits.

        Args:
            texts: The texts of each item of the catalogue.
            values: The different texts, at most `BITS`.
            order: `[items]` position in the catalogue of each row of the index.
        """
        super().__init__()
        self._values = values
        bits = [sum(1 << values.code[text] for text in each) for each in texts]
        self.bits = tf.Variable(np.array(bits, np.int32)[order], trainable=False)

    def narrow(
        self, passes: tf.Tensor, required: Terms, forbidden: Terms, feature: int
    ) -> tf.Tensor:
        """Returns the rows of a `[batch, items]` mask that pass here too."""
        needed, banned = required.of(feature), forbidden.of(feature)

        def fit() -> tf.Tensor:
            free = ~tf.reduce_any(needed, axis=1, keepdims=True)
            return passes & (free | self._have(required, needed))

        passes = tf.cond(tf.reduce_any(needed), fit, lambda: passes)
        return tf.cond(
            tf.reduce_any(banned),
            lambda: passes & ~self._have(forbidden, banned),
            lambda: passes,
        )

    def _have(self, terms: Terms, counts: tf.Tensor) -> tf.Tensor:
        """Returns which items have a text of the terms that count, `[batch, items]`."""
        powers = tf.bitwise.left_shift(1, tf.range(self._values.count))
        wanted = tf.reduce_sum(self._values.named(terms, counts) * powers, axis=1, keepdims=True)
        return tf.not_equal(tf.bitwise.bitwise_and(self.bits, wanted), 0)


class ManyTexts(tf.Module):
    """A feature of many texts. Items with the same are one group, and a filter judges groups."""

    def __init__(self, texts: list[tuple[bytes, ...]], values: Values, order: np.ndarray) -> None:
        """Groups the items.

        Args:
            texts: The texts of each item of the catalogue, sorted.
            values: The different texts.
            order: `[items]` position in the catalogue of each row of the index.
        """
        super().__init__()
        self._values = values
        groups = {group: number for number, group in enumerate(sorted(set(texts)))}
        members = [(row, values.code[text]) for group, row in groups.items() for text in group]
        self._groups = len(groups)
        self._member = tf.constant(np.array(members, np.int32).reshape(-1, 2))
        group_of = np.array([groups[each] for each in texts], np.int32)
        self.group = tf.Variable(group_of[order], trainable=False)

    def narrow(
        self, passes: tf.Tensor, required: Terms, forbidden: Terms, feature: int
    ) -> tf.Tensor:
        """Returns the rows of a `[batch, items]` mask that pass here too."""
        needed, banned = required.of(feature), forbidden.of(feature)

        def spread() -> tf.Tensor:
            free = ~tf.reduce_any(needed, axis=1, keepdims=True)
            fit = free | self._groups_with(required, needed)
            return passes & self._items_of(fit & ~self._groups_with(forbidden, banned))

        asked = tf.reduce_any(needed) | tf.reduce_any(banned)
        return tf.cond(asked, spread, lambda: passes)

    def _groups_with(self, terms: Terms, counts: tf.Tensor) -> tf.Tensor:
        """Returns which groups have a text of the terms that count, `[batch, groups]`."""
        named = tf.transpose(self._values.named(terms, counts))
        members = tf.gather(named, self._member[:, 1])
        found = tf.math.unsorted_segment_sum(members, self._member[:, 0], self._groups)
        return tf.transpose(found) > 0

    def _items_of(self, groups: tf.Tensor) -> tf.Tensor:
        """Returns the `[batch, items]` rows of the index that are in `[batch, groups]`."""
        most = tf.reduce_sum(tf.cast(groups, tf.int32), axis=1, keepdims=True) * 2 > self._groups
        named = groups ^ most  # those inside or those outside, whichever are fewer
        count = tf.reduce_max(tf.reduce_sum(tf.cast(named, tf.int32), axis=1))
        listed, which = tf.math.top_k(tf.cast(named, tf.int32), k=min(FEW, self._groups))
        few = tf.where(listed > 0, which, -1)
        return tf.cond(
            count <= FEW,
            lambda: equals_any(self.group, few, count) ^ most,
            lambda: tf.gather(groups, self.group, axis=1),
        )


class Numbers(tf.Module):
    """A feature that is a number."""

    def __init__(self, values: np.ndarray) -> None:
        """Stores `[items]` float32 values by row of the index; NaN is a missing one."""
        super().__init__()
        self.value = tf.Variable(values, trainable=False)

    def narrow(
        self, passes: tf.Tensor, required: Terms, forbidden: Terms, feature: int
    ) -> tf.Tensor:
        """Returns the rows of a `[batch, items]` mask that pass here too."""
        needed, banned = required.of(feature), forbidden.of(feature)
        equal, bound = _split(required, needed)
        unequal, beyond = _split(forbidden, banned)

        def is_one() -> tf.Tensor:
            free = ~tf.reduce_any(equal, axis=1, keepdims=True)
            return passes & (free | self._equals(required, equal))

        def within() -> tf.Tensor:
            low, high = _bounds(required, bound)
            inside = (self.value >= _greatest(*low)) & (self.value <= _least(*high))
            return passes & (inside | ~tf.reduce_any(bound, axis=1, keepdims=True))

        def outside() -> tf.Tensor:
            low, high = _bounds(forbidden, beyond)
            return passes & ~((self.value >= _least(*low)) | (self.value <= _greatest(*high)))

        passes = tf.cond(tf.reduce_any(bound), within, lambda: passes)
        passes = tf.cond(tf.reduce_any(equal), is_one, lambda: passes)
        passes = tf.cond(tf.reduce_any(beyond), outside, lambda: passes)
        return tf.cond(
            tf.reduce_any(unequal),
            lambda: passes & ~self._equals(forbidden, unequal),
            lambda: passes,
        )

    def _equals(self, terms: Terms, counts: tf.Tensor) -> tf.Tensor:
        """Returns which items have the number of a term that counts, `[batch, items]`."""
        first = tf.argsort(tf.cast(~counts, tf.int32), axis=1, stable=True)
        wanted = tf.gather(tf.where(counts, terms.number(), np.nan), first, batch_dims=1)
        most = tf.reduce_max(tf.reduce_sum(tf.cast(counts, tf.int32), axis=1))
        return equals_any(self.value, wanted, most)


def of_texts(texts: list[tuple[bytes, ...]], order: np.ndarray) -> FewTexts | ManyTexts:
    """Returns a feature of texts, in the form that fits the number of different ones.

    Args:
        texts: The texts of each item of the catalogue, sorted.
        order: `[items]` position in the catalogue of each row of the index.
    """
    values = Values(texts)
    return (FewTexts if values.count <= BITS else ManyTexts)(texts, values, order)


def equals_any(column: tf.Tensor, wanted: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """Returns where a column equals a wanted value, `[batch, items]` bool.

    Args:
        column: `[items]` values.
        wanted: `[batch, any]` values.
        count: Scalar int32, how many columns of `wanted` to compare with.
    """
    nowhere = tf.zeros([tf.shape(wanted)[0], column.shape[0]], tf.bool)
    _, found = tf.while_loop(
        lambda place, _: place < count,
        lambda place, found: (place + 1, found | tf.equal(column, wanted[:, place, tf.newaxis])),
        (0, nowhere),
    )
    return found


def read_texts(examples: np.ndarray, name: str) -> list[tuple[bytes, ...]]:
    """Returns the distinct texts of each `[items]` serialized raw item, sorted."""
    parsed = tf.io.parse_example(examples, {name: tf.io.RaggedFeature(tf.string)})[name]
    flat, ends = parsed.flat_values.numpy().tolist(), parsed.row_splits.numpy().tolist()
    return [tuple(sorted(set(flat[first:end]))) for first, end in itertools.pairwise(ends)]


def read_numbers(examples: np.ndarray, name: str) -> np.ndarray:
    """Returns the number of each `[items]` serialized raw item, float32; NaN without one."""
    spec = {name: tf.io.FixedLenFeature([], tf.float32, np.nan)}
    numbers: np.ndarray = tf.io.parse_example(examples, spec)[name].numpy()
    return numbers


def _split(terms: Terms, counts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns which of the terms that count say "equal", and which are bounds."""
    equal = tf.equal(terms.operator, EQUAL)
    return counts & equal, counts & ~equal


Bounds = tuple[tf.Tensor, tf.Tensor]
"""`[batch, any]` float32 bounds that include themselves, and which of them count."""


def _bounds(terms: Terms, counts: tf.Tensor) -> tuple[Bounds, Bounds]:
    """Returns the lower and the upper bounds among the terms that count."""
    value = terms.number()
    sides = []
    for strict, inclusive, towards in ((ABOVE, FROM, np.inf), (BELOW, UP_TO, -np.inf)):
        is_strict = tf.equal(terms.operator, strict)
        beside = tf.math.nextafter(value, tf.constant(towards, tf.float32))
        applies = counts & (is_strict | tf.equal(terms.operator, inclusive))
        sides.append((tf.where(is_strict, beside, value), applies))
    return sides[0], sides[1]


def _greatest(bounds: tf.Tensor, applies: tf.Tensor) -> tf.Tensor:
    """Returns the greatest bound that applies, `[batch, 1]`; minus infinity without any."""
    return tf.reduce_max(tf.where(applies, bounds, -np.inf), axis=1, keepdims=True)


def _least(bounds: tf.Tensor, applies: tf.Tensor) -> tf.Tensor:
    """Returns the least bound that applies, `[batch, 1]`; infinity without any."""
    return tf.reduce_min(tf.where(applies, bounds, np.inf), axis=1, keepdims=True)
