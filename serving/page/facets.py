"""Facets of the page: by which features recommendations may be filtered, and with which values."""

import collections
from typing import Any

import numpy as np
import tensorflow as tf

from transform.definition import Definition
from transform.kinds import Categories, Category, Number

SHOWN = 50
"""Values of a feature that people may choose from, the most frequent."""


def read(items: np.ndarray, definition: Definition) -> list[dict[str, Any]]:
    """Returns the features that are marked `filter: true`.

    Args:
        items: `[items]` bytes, serialized raw items.
        definition: Of the data set.

    Returns:
        For each its `feature` and its `name` for people, with the `values` of texts in order of
        their frequency, or the `least` and `most` of numbers. One that no item has is left out.
    """
    found = []
    for feature, kind in definition.item.features.items():
        if not isinstance(kind, (Category, Categories, Number)) or not kind.filter:
            continue
        facet: dict[str, Any] = {"feature": feature, "name": feature.replace("_", " ")}
        spec = {feature: tf.io.RaggedFeature(tf.float32 if isinstance(kind, Number) else tf.string)}
        values = tf.io.parse_example(items, spec)[feature].flat_values.numpy()
        if not len(values):
            continue
        if isinstance(kind, Number):
            facet |= {"least": float(values.min()), "most": float(values.max())}
        else:
            counts = collections.Counter(values.tolist()).most_common(SHOWN)
            facet["values"] = [value.decode() for value, _ in counts]
        found.append(facet)
    return found
