"""Transformed timelines as flat arrays.

A split is read once into flat arrays (25 million events are 200 MB a column), so that an epoch is
array slicing and not parsing; windows are cut out of them a batch at a time.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from transform import columns, features
from transform.definition import Definition
from transform.join_labels import join_order
from transform.kinds import Vector

NO_GAP = -1
NO_ROW = -1  # pads lists of rows of a user feature
READ_BATCH = 1024


@dataclasses.dataclass(frozen=True)
class Events:
    """Events of all users one after another, each user's in time order."""

    item: np.ndarray
    """`[events]` int64 item rows."""

    time: np.ndarray
    """`[events]` int64 seconds since 1970-01-01 UTC."""

    features: dict[str, np.ndarray]
    """By feature name: `[events]` int64 rows, of a vector `[events, size]` float32."""

    weight: np.ndarray | None = None
    """`[events]` float32 weights; None: 1 each."""

    seen: np.ndarray | None = None
    """`[events]` int64, 1 if the event makes its item a seen one; None if all do.
    Labels have none."""

    def __len__(self) -> int:
        """Number of events."""
        return len(self.item)

    def take(self, chosen: np.ndarray | slice) -> "Events":
        """Returns some of the events, by `[chosen]` index, mask or slice."""
        return Events(
            self.item[chosen],
            self.time[chosen],
            {name: column[chosen] for name, column in self.features.items()},
            None if self.weight is None else self.weight[chosen],
            None if self.seen is None else self.seen[chosen],
        )

    def join(self, other: "Events") -> "Events":
        """Returns these events and others after them."""
        joined = {n: np.concatenate([c, other.features[n]]) for n, c in self.features.items()}
        weight = None
        if self.weight is not None and other.weight is not None:
            weight = np.concatenate([self.weight, other.weight])
        return Events(
            np.concatenate([self.item, other.item]),
            np.concatenate([self.time, other.time]),
            joined,
            weight,
        )


@dataclasses.dataclass(frozen=True)
class Timelines:
    """A split of transformed timelines, in order of user row."""

    user_features: dict[str, np.ndarray]
    """By column: `[users]` int64 rows of the user id and of features; `[users, any]` int64 rows,
    padded with `NO_ROW`; of a vector `[users, size]` float32."""

    history: Events
    """What queries may hold."""

    history_splits: np.ndarray
    """`[users + 1]` int64: user `i`'s history is `history[splits[i]:splits[i + 1]]`."""

    label: Events
    """What was held out."""

    label_splits: np.ndarray
    """`[users + 1]` int64, as `history_splits`."""

    def __len__(self) -> int:
        """Number of users."""
        return len(self.history_splits) - 1

    @functools.cached_property
    def gap(self) -> np.ndarray:
        """`[events]` int64 seconds since the event before; `NO_GAP` for a user's first."""
        gap = np.diff(self.history.time, prepend=0)
        starts = self.history_splits[:-1]
        gap[starts[starts < len(gap)]] = NO_GAP
        return gap


def read_timelines(files: Sequence[str], feature_spec: dict, definition: Definition) -> Timelines:
    """Reads one split of transformed timelines.

    Args:
        files: File patterns of gzipped TFRecords, as Transform writes them.
        feature_spec: Parsing specs by feature name: `TFTransformOutput.transformed_feature_spec()`.
        definition: Of the data set.

    Returns:
        The split, sorted by user row so that it does not depend on the order of the files.

    Raises:
        ValueError: No record matches `files`.
    """
    paths = sorted(tf.io.gfile.glob(list(files)))
    records = list(tf.data.TFRecordDataset(paths, "GZIP").batch(READ_BATCH))
    if not records:
        raise ValueError(f"No timelines in {', '.join(files)}: the split is empty.")
    user_columns = columns.all_columns(definition.user_features)
    spec = {
        name: tf.io.RaggedFeature(tf.int64) if form == "rows" else feature_spec[name]
        for name, form in [
            (features.USER_ID, "row"),
            *((column.name, column.form) for column in user_columns),
        ]
    }
    names = features.history(definition)
    listed = [*names, *map(features.label, names)]
    if definition.event.seen:
        listed.append(features.SEEN)
    spec |= {name: tf.io.RaggedFeature(feature_spec[name].dtype) for name in listed}
    batches = [tf.io.parse_example(batch, spec) for batch in records]
    rows = {name: tf.concat([batch[name] for batch in batches], axis=0) for name in spec}
    order = tf.argsort(rows[features.USER_ID], stable=True)
    rows = {name: tf.gather(column, order) for name, column in rows.items()}
    return Timelines(
        user_features={
            name: (
                column.to_tensor(NO_ROW) if isinstance(column, tf.RaggedTensor) else column
            ).numpy()
            for name, column in rows.items()
            if name not in listed
        },
        history=_events(rows, definition, str),
        history_splits=rows[features.ITEM_ID].row_splits.numpy(),
        label=_events(rows, definition, features.label),
        label_splits=rows[features.label(features.ITEM_ID)].row_splits.numpy(),
    )


def _events(
    rows: dict[str, tf.RaggedTensor], definition: Definition, rename: Callable[[str], str]
) -> Events:
    """Returns history or labels: the columns whose names `rename` gives."""

    def flat(name: str) -> np.ndarray:
        return rows[rename(name)].values.numpy()

    found = {}
    for name, feature in definition.event.features.items():
        size = [-1, feature.size] if isinstance(feature, Vector) else [-1]
        found[name] = flat(name).reshape(size)
    return Events(
        item=flat(features.ITEM_ID),
        time=flat(features.TIME),
        features=found,
        weight=flat(features.WEIGHT) if definition.event.weight else None,
        seen=flat(features.SEEN) if rename(features.SEEN) in rows else None,
    )


def learn_labels(timelines: Timelines, items: int) -> Timelines:
    """Moves the labels into the histories, in time order; no label is left.

    Args:
        timelines: A split with labels.
        items: Number of items in the vocabulary. Rows from here on mean "unseen": such events
            are left out, since nothing could be learned of them.
    """
    order, splits = join_order(
        timelines.history.time,
        timelines.history_splits,
        timelines.label.time,
        timelines.label_splits,
    )
    joined = timelines.history.join(timelines.label).take(order)
    known = joined.item < items
    return dataclasses.replace(
        timelines,
        history=joined.take(known),
        history_splits=np.append(0, np.cumsum(known))[splits],
        label=timelines.label.take(slice(0)),
        label_splits=np.zeros_like(splits),
    )
