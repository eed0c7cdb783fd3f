"""Slices of the metrics: what users and held-out items are grouped by."""

import itertools
from collections.abc import Sequence

import tensorflow as tf

from transform import features, queries
from transform.definition import Definition
from transform.kinds import Number

ACTIVITY = features.ACTIVITY
LABEL_POPULARITY = "label_popularity"
ACTIVITY_BOUNDS = (1, 20, 50, 100, 200)
HEAD_SHARE, TORSO_SHARE = 0.1, 0.5  # most popular tenth of the catalogue; the next four tenths


def activity(length: tf.Tensor) -> tf.Tensor:
    """Returns the band of each `[batch]` int32 number of events in a history, such as "20-49"."""
    return _band(length, ACTIVITY_BOUNDS, lowest=0)


def number_band(
    value: tf.Tensor, bounds: Sequence[float], lowest: float | None = None
) -> tf.Tensor:
    """Returns the band of each `[batch]` float32 number, such as "25-34"; "unknown" of NaN.

    Args:
        value: `[batch]` float32 numbers.
        bounds: Where a band ends and the next begins, ascending.
        lowest: The least that a number may be; None: no bound.
    """
    return tf.where(tf.math.is_nan(value), "unknown", _band(value, bounds, lowest))


def number_bands(query: queries.Query, definition: Definition) -> dict[str, tf.Tensor]:
    """Returns the bands of the sliced numbers of queries, each `[batch]` string, by slice key."""
    return {
        group(name): number_band(query[name], bounds, feature.min)
        for name, bounds in definition.slices.items()
        if isinstance(feature := definition.user_features.get(name), Number)
    }


def group(name: str) -> str:
    """Returns the slice key for the bands of a number."""
    return f"{name}_group"


def slice_keys(definition: Definition) -> tuple[str, ...]:
    """Returns the keys that metrics are sliced by: raw categories, or outputs of `describe`."""
    return tuple(
        group(name) if isinstance(definition.user_features.get(name), Number) else name
        for name in definition.slices
    )


def _band(number: tf.Tensor, bounds: Sequence[float], lowest: float | None) -> tf.Tensor:
    """Returns the name of each `[batch]` number's band; a band begins at its bound."""
    reached = number[:, tf.newaxis] >= tf.constant(bounds, number.dtype)
    band = tf.reduce_sum(tf.cast(reached, tf.int32), axis=1)
    return tf.gather(tf.constant(band_names(bounds, lowest)), band)


def band_names(bounds: Sequence[float], lowest: float | None = None) -> list[str]:
    """Returns the names of the bands between bounds.

    Example:
        >>> band_names([18, 25], lowest=0)
        ['0-17', '18-24', '25+']
        >>> band_names([18, 25])
        ['below 18', '18-24', '25+']
        >>> band_names([9.5, 12])
        ['below 9.5', '9.5 to 12', '12+']

    Args:
        bounds: Where a band ends and the next begins, ascending.
        lowest: The least that a number may be; None: no bound.
    """
    if all(float(bound).is_integer() for bound in bounds):
        between = [_whole_numbers(*pair) for pair in itertools.pairwise(map(int, bounds))]
    else:
        between = [f"{low:g} to {high:g}" for low, high in itertools.pairwise(bounds)]
    first = int(bounds[0])
    below = f"below {bounds[0]:g}"
    if lowest is not None and lowest == int(lowest) < first == bounds[0]:
        below = _whole_numbers(int(lowest), first)
    return [below, *between, f"{bounds[-1]:g}+"]


def _whole_numbers(low: int, high: int) -> str:
    """Returns the name of the whole numbers from one up to below another."""
    return f"{low}-{high - 1}" if high - 1 > low else f"{low}"


def popularity_band(share: tf.Tensor) -> tf.Tensor:
    """Returns "head", "torso" or "tail" by the `[batch]` share of items more popular.

    Of an example that holds several labels it is the mean share; "none" without a label.
    """
    band = tf.where(share < HEAD_SHARE, "head", tf.where(share < TORSO_SHARE, "torso", "tail"))
    return tf.where(tf.math.is_nan(share), "none", band)
