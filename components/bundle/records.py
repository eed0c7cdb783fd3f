"""Raw timelines and items, read once, in the order of the catalogue."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from transform import features, join_labels
from transform.definition import Definition


@dataclasses.dataclass(frozen=True)
class Items:
    """The whole catalogue, in order of the bytes of its ids; an item's place is its *position*."""

    examples: np.ndarray
    """`[items]` bytes, serialized `tf.Example`."""

    item_id: np.ndarray
    """`[items]` bytes, ids of the items."""

    title: np.ndarray
    """`[items]` bytes, what people are shown, UTF-8."""

    withdrawn: frozenset[bytes] = frozenset()
    """Ids left out of this catalogue: they may have events, and must not be recommended."""

    def positions(self, item_ids: np.ndarray) -> np.ndarray:
        """Returns the position of each `[any]` id, -1 for those withdrawn.

        Raises:
            ValueError: An id is not in the catalogue.
        """
        places = np.searchsorted(self.item_id, item_ids)
        places = np.minimum(places, len(self.item_id) - 1)
        missing = self.item_id[places] != item_ids
        unknown = sorted(set(item_ids[missing]) - self.withdrawn)
        if unknown:
            raise ValueError(
                f"Item {unknown[0].decode()!r} has events and is not in the catalogue: "
                "timelines and items come from different data."
            )
        return np.where(missing, -1, places)

    def without(self, item_ids: frozenset[bytes]) -> "Items":
        """Returns the catalogue without some items.

        Raises:
            ValueError: One of them is not in it, or none would be left.
        """
        unknown = sorted(item_ids - set(self.item_id))
        if unknown:
            raise ValueError(f"Can't withdraw item {unknown[0].decode()!r}: there is none.")
        kept = np.array([item_id not in item_ids for item_id in self.item_id])
        if not kept.any():
            raise ValueError("Can't withdraw every item: nothing would be left to recommend.")
        return Items(
            self.examples[kept], self.item_id[kept], self.title[kept], self.withdrawn | item_ids
        )


def read_examples(files: Sequence[str]) -> np.ndarray:
    """Returns every record of gzipped TFRecords as `[records]` bytes.

    Raises:
        ValueError: No record matches `files`.
    """
    paths = sorted(tf.io.gfile.glob(list(files)))
    records = list(tf.data.TFRecordDataset(paths, compression_type="GZIP").as_numpy_iterator())
    if not records:
        raise ValueError(f"No records in {', '.join(files)}: nothing to build an index from.")
    return np.array(records, dtype=object)


def read_items(files: Sequence[str]) -> Items:
    """Returns the catalogue in gzipped TFRecords of raw items."""
    examples = read_examples(files)
    parsed = tf.io.parse_example(
        examples,
        {name: tf.io.FixedLenFeature([], tf.string) for name in (features.ITEM_ID, features.TITLE)},
    )
    item_id = parsed[features.ITEM_ID].numpy()
    order = np.argsort(item_id, kind="stable")
    return Items(examples[order], item_id[order], parsed[features.TITLE].numpy()[order])


def parse_labels(examples: tf.Tensor) -> tf.RaggedTensor:
    """Returns the label items of `[batch]` serialized raw timelines, `[batch, None]` string."""
    name = features.label(features.ITEM_ID)
    return tf.io.parse_example(examples, {name: tf.io.RaggedFeature(tf.string)})[name]


def times(examples: np.ndarray) -> np.ndarray:
    """Returns the times of all events, held out or not, `[events]` int64 seconds UTC."""
    names = (features.TIME, features.label(features.TIME))
    parsed = tf.io.parse_example(examples, {name: tf.io.RaggedFeature(tf.int64) for name in names})
    return np.concatenate([parsed[name].flat_values.numpy() for name in names])


def with_labels_as_history(examples: np.ndarray, definition: Definition) -> np.ndarray:
    """Returns timelines whose labels have joined the history, in time order.

    That is all that is known of a user, and what a served recommendation may use.

    Args:
        examples: `[users]` bytes, serialized raw timelines.
        definition: Definition of the data set.
    """
    names = features.history(definition)
    return np.array([_joined(example, names) for example in examples], dtype=object)


def _joined(serialized: bytes, names: Sequence[str]) -> bytes:
    example = tf.train.Example.FromString(serialized)
    feature = example.features.feature
    past = list(feature[features.TIME].int64_list.value)
    later = list(feature[features.label(features.TIME)].int64_list.value)
    order = None if _ascend([*past, *later]) else _join_order(past, later)
    for name in names:
        history, labels = feature[name], feature[features.label(name)]
        kind = history.WhichOneof("kind") or labels.WhichOneof("kind")
        if kind:
            values = getattr(history, kind).value
            values.extend(getattr(labels, kind).value)
            if order is not None:
                values[:] = _reorder(values, order)
        del feature[features.label(name)]
    return example.SerializeToString(deterministic=True)


def _ascend(times: list[int]) -> bool:
    """Returns whether joining keeps the order, as with nearly every user: the labels are latest."""
    return times == sorted(times)


def _join_order(past: list[int], later: list[int]) -> list[int]:
    splits, label_splits = np.array([0, len(past)]), np.array([0, len(later)])
    times, label_times = np.array(past, np.int64), np.array(later, np.int64)
    order, _ = join_labels.join_order(times, splits, label_times, label_splits)
    return order.tolist()


def _reorder(values: Sequence[Any], order: list[int]) -> list[Any]:
    """Returns a list in another order; each event has as many values as its vectors are long."""
    width = len(values) // len(order)
    return [values[place * width + step] for place in order for step in range(width)]
