"""Values of features that only some people have: a rare one can tell who they were."""

from collections.abc import Iterable, Mapping

import numpy as np
import tensorflow as tf

from transform import preprocessing
from transform.definition import Definition
from transform.kinds import Categories, Category, Feature, Words


def values_of_nobody_else(
    timelines: np.ndarray, others: np.ndarray, definition: Definition
) -> dict[str, set[bytes]]:
    """Returns the entries of vocabularies that only some timelines have, by name of the feature.

    Args:
        timelines: `[some]` bytes, serialized raw timelines.
        others: `[any]` bytes, those of all others.
        definition: Of the data set.
    """
    kinds = {**definition.user_features, **definition.event.features}
    texts = {
        name: kind
        for name, kind in kinds.items()
        if isinstance(kind, (Category, Categories, Words))
    }
    if not texts or not len(timelines):
        return {}
    theirs, of_others = _entries(timelines, texts), _entries(others, texts)
    return {name: entries - of_others[name] for name, entries in theirs.items()}


def _entries(timelines: np.ndarray, kinds: Mapping[str, Feature]) -> dict[str, set[bytes]]:
    """Returns the entries that timelines make of each feature."""
    if not len(timelines):
        return {name: set() for name in kinds}
    spec = {name: tf.io.RaggedFeature(tf.string) for name in kinds}
    parsed = tf.io.parse_example(timelines, spec)
    return {
        name: set(_entries_of(kind, tf.unique(parsed[name].flat_values).y))
        for name, kind in kinds.items()
    }


def _entries_of(kind: Feature, values: tf.Tensor) -> Iterable[bytes]:
    """Returns what Transform looks up in the vocabulary for `[any]` values of a feature."""
    if isinstance(kind, Words):
        return preprocessing.words(values).values.numpy()
    if isinstance(kind, Category):
        return preprocessing.prefix(values, kind.prefix).numpy()
    return values.numpy()
