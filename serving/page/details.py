"""What people are shown of an item beside its title: its features, as texts."""

import datetime
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from transform.definition import Definition
from transform.kinds import Categories, Category, Feature, Number, Time


def describe(item: bytes, definition: Definition) -> dict[str, str]:
    """Returns the features of an item that it has and that a line can show, in order.

    Words are most often those of the title, and vectors say nothing to people: neither is shown.

    Args:
        item: A serialized raw item.
        definition: Of the data set.
    """
    stored = tf.train.Example.FromString(item).features.feature
    found = {}
    for name, feature in definition.item.features.items():
        show = _SHOW.get(type(feature))
        if show is None or name not in stored:
            continue
        values = getattr(stored[name], stored[name].WhichOneof("kind")).value
        if values:
            found[name.replace("_", " ")] = show(values)
    return found


def _texts(values: Sequence[bytes]) -> str:
    return ", ".join(value.decode(errors="replace") for value in values)


def _number(values: Sequence[float]) -> str:
    return f"{values[0]:.7g}"  # what a float32 holds


def _day(values: Sequence[int]) -> str:
    epoch = datetime.datetime(1970, 1, 1)
    try:
        return (epoch + datetime.timedelta(seconds=values[0])).date().isoformat()
    except OverflowError:  # beyond the years 1 to 9999
        return f"{values[0]} s"


_SHOW: dict[type[Feature], Callable[[Any], str]] = {
    Category: _texts,
    Categories: _texts,
    Number: _number,
    Time: _day,
}
