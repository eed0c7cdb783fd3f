"""Transformed items as arrays: the fixed set of candidates that training ranks."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from transform import columns, features
from transform.definition import Definition
from transform.kinds import Time


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """Every item, rated or not, in order of its id's bytes."""

    item_id: np.ndarray
    """`[items]` bytes."""

    title: np.ndarray
    """`[items]` bytes, UTF-8."""

    features: dict[str, tf.Tensor | tf.RaggedTensor]
    """By column: `[items]` int64 rows, `[items, None]` int64 rows, or `[items, size]` float32."""

    times: dict[str, np.ndarray]
    """By name of a time of the item: `[items]` int64 seconds, `calendar.MISSING` where unknown."""

    def __len__(self) -> int:
        """Number of items."""
        return len(self.item_id)

    def positions_of(self, item_ids: Sequence[bytes]) -> np.ndarray:
        """Returns the position of each id in the catalogue, `[len(item_ids)]` int64.

        Args:
            item_ids: Ids, in any order.

        Raises:
            ValueError: An id is not in the catalogue.
        """
        position = {item_id: index for index, item_id in enumerate(self.item_id)}
        missing = [item_id for item_id in item_ids if item_id not in position]
        if missing:
            raise ValueError(
                f"{len(missing)} rated items are not in the catalogue, the first is "
                f"{missing[0].decode()!r}: timelines and items come from different data."
            )
        return np.array([position[item_id] for item_id in item_ids], dtype=np.int64)


def read_catalogue(files: Sequence[str], definition: Definition) -> Catalogue:
    """Reads the transformed items.

    Args:
        files: File patterns of gzipped TFRecords, as Transform writes them.
        definition: Of the data set.

    Raises:
        ValueError: No record matches `files`.
    """
    forms = {
        "row": tf.io.FixedLenFeature([], tf.int64),
        "rows": tf.io.RaggedFeature(tf.int64),
    }
    spec: dict[str, object] = {
        name: tf.io.FixedLenFeature([], tf.string) for name in (features.ITEM_ID, features.TITLE)
    }
    named = columns.all_columns(definition.item.features)
    for column in named:
        vector = tf.io.FixedLenFeature([column.size], tf.float32)
        spec[column.name] = forms.get(column.form, vector)
    times = [name for name, kind in definition.item.features.items() if isinstance(kind, Time)]
    spec |= {columns.seconds(name): tf.io.FixedLenFeature([], tf.int64) for name in times}
    paths = sorted(tf.io.gfile.glob(list(files)))
    records = list(tf.data.TFRecordDataset(paths, compression_type="GZIP").as_numpy_iterator())
    if not records:
        raise ValueError(f"No items in {', '.join(files)}: the catalogue is empty.")
    rows = tf.io.parse_example(records, spec)
    order = np.argsort(rows[features.ITEM_ID].numpy(), kind="stable")
    return Catalogue(
        item_id=rows[features.ITEM_ID].numpy()[order],
        title=rows[features.TITLE].numpy()[order],
        features={column.name: tf.gather(rows[column.name], order) for column in named},
        times={name: rows[columns.seconds(name)].numpy()[order] for name in times},
    )
