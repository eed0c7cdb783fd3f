"""Raw timelines and items as the bundle needs them: read once, in the order of the catalogue."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from transform import features, held_out
from transform.definition import Definition


@dataclasses.dataclass(frozen=True)
class Items:
    """The whole catalogue, in order of its id's bytes; an item's place is its position."""

    examples: np.ndarray
    """`[items]` bytes, serialized `tf.Example`."""

    item_id: np.ndarray
    """`[items]` bytes."""

    title: np.ndarray
    """`[items]` bytes, UTF-8."""

    withdrawn: frozenset[bytes] = frozenset()
    """Items that may have been rated, and must not be recommended: not in this catalogue."""

    def positions(self, item_ids: np.ndarray) -> np.ndarray:
        """Returns the position of each `[any]` id, -1 for those withdrawn.

        Raises:
            ValueError: An id is not in the catalogue.
        """
        found = np.searchsorted(self.item_id, item_ids)
        found = np.minimum(found, len(self.item_id) - 1)
        missing = self.item_id[found] != item_ids
        lost = sorted(set(item_ids[missing]) - self.withdrawn)
        if lost:
            raise ValueError(
                f"Item {lost[0].decode()!r} has events and is not in the catalogue: "
                "timelines and items come from different data."
            )
        return np.where(missing, -1, found)

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
    """Reads the raw catalogue."""
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
    """Returns when each event was, held out or not, `[events]` int64 seconds UTC."""
    names = (features.TIME, features.label(features.TIME))
    parsed = tf.io.parse_example(examples, {name: tf.io.RaggedFeature(tf.int64) for name in names})
    return np.concatenate([parsed[name].flat_values.numpy() for name in names])


def with_labels_as_history(examples: np.ndarray, definition: Definition) -> np.ndarray:
    """Returns timelines whose held-out events have joined the history, in time order.

    That is all that is known of a user, and what a served recommendation may use.

    Args:
        examples: `[users]` bytes, serialized raw timelines.
        definition: Of the data set.
    """
    names = features.history(definition)
    return np.array([_joined(example, names) for example in examples], dtype=object)


def _joined(serialized: bytes, names: Sequence[str]) -> bytes:
    example = tf.train.Example.FromString(serialized)
    feature = example.features.feature
    when = [
        np.array(feature[name].int64_list.value, np.int64)
        for name in (features.TIME, features.label(features.TIME))
    ]
    splits, label_splits = (np.array([0, len(column)]) for column in when)
    order, _ = held_out.join_order(when[0], splits, when[1], label_splits)
    for name in names:
        past, later = feature[name], feature[features.label(name)]
        kind = past.WhichOneof("kind") or later.WhichOneof("kind")
        if kind:
            values = [*getattr(past, kind).value, *getattr(later, kind).value]
            width = len(values) // len(order)  # numbers an event: more than one of a vector
            joined = [values[place * width + step] for place in order for step in range(width)]
            del getattr(past, kind).value[:]
            getattr(past, kind).value.extend(joined)
        del feature[features.label(name)]
    return example.SerializeToString(deterministic=True)
