"""Data of one training: every file is read once, into one typed object."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import tensorflow_transform as tft

from trainer.data.catalogue import Catalogue, read_catalogue
from trainer.data.timelines import Timelines, learn_labels, read_timelines
from transform import calendar, columns, features
from transform.definition import Definition


@dataclasses.dataclass(frozen=True)
class TrainingData:
    """Two splits of timelines, the catalogue, and what Transform found in them."""

    definition: Definition
    """Of the data set."""

    train: Timelines
    """The split to fit to; without labels."""

    eval: Timelines
    """The split to choose the epoch by: everybody's history, and the labels held out of it."""

    catalogue: Catalogue
    """All items, rated or not."""

    vocabularies: dict[str, list[bytes]]
    """By feature name: entries in the order of their rows."""

    sizes: dict[str, int]
    """By column: rows of its table; of a vocabulary one more than it has entries."""

    counts: np.ndarray
    """`[known items]` int64 ratings in `train` of each row of the item vocabulary."""

    positions: np.ndarray
    """`[known items]` int64 position in the catalogue of each row of the item vocabulary."""

    timelines_transform: tft.TFTransformOutput
    """The timelines' transform graph, which is exported with the towers."""

    items_transform: tft.TFTransformOutput
    """The items' transform graph, likewise."""

    base_model: str | None = None
    """Path of the bundle that a warm start begins with."""

    def train_and_eval(self) -> Timelines:
        """Returns everybody's history with the labels in it: all that is known before `test`."""
        return learn_labels(self.eval, len(self.positions))

    def events_of_catalogue(self) -> np.ndarray:
        """Returns the events in `train` with each item of the catalogue, `[items]` int64."""
        events = np.zeros(len(self.catalogue), np.int64)
        events[self.positions] = self.counts
        return events

    def rows_of_catalogue(self) -> np.ndarray:
        """Returns the vocabulary row of each item of the catalogue, `[items]` int64.

        All items without an event in `train` share the row after the last.
        """
        rows = np.full(len(self.catalogue), len(self.positions), dtype=np.int64)
        rows[self.positions] = np.arange(len(self.positions))
        return rows

    def unknown_rows(self) -> dict[str, int]:
        """Returns the row of an unknown value of each event feature; 0 of a vector, unused."""
        named = columns.all_columns(self.definition.event.features)
        return {c.name: self.sizes[c.name] - 1 if c.vocabulary else 0 for c in named}

    def item_times(self) -> dict[str, np.ndarray]:
        """Returns the times of each row of the item vocabulary and of the unseen, by name."""
        return {
            name: np.append(seconds[self.positions], calendar.MISSING)
            for name, seconds in self.catalogue.times.items()
        }


def read_training_data(
    *,
    definition: Definition,
    train_files: Sequence[str],
    eval_files: Sequence[str],
    item_files: Sequence[str],
    timelines_graph: str,
    items_graph: str,
    base_model: str | None = None,
) -> TrainingData:
    """Reads what Transform wrote.

    Args:
        definition: Of the data set.
        train_files: File patterns of the transformed `train` timelines, gzipped TFRecords.
        eval_files: File patterns of the transformed `eval` timelines.
        item_files: File patterns of the transformed items.
        timelines_graph: Folder of the timelines' transform graph.
        items_graph: Folder of the items' transform graph.
        base_model: Path of the bundle that a warm start begins with, if any.

    Raises:
        ValueError: A split or the catalogue is empty, or timelines and items are of different
            data.
    """
    timelines_transform = tft.TFTransformOutput(timelines_graph)
    items_transform = tft.TFTransformOutput(items_graph)
    spec = timelines_transform.transformed_feature_spec()
    catalogue = read_catalogue(item_files, definition)
    vocabularies: dict[str, list[bytes]] = {}
    sizes: dict[str, int] = {}
    of_timelines = {**definition.user_features, **definition.event.features}
    for names, output in (
        (
            (features.USER_ID, features.ITEM_ID, *columns.vocabularies(of_timelines)),
            timelines_transform,
        ),
        (columns.vocabularies(definition.item.features), items_transform),
    ):
        for name in names:
            vocabularies[name] = output.vocabulary_by_name(name)
            sizes[name] = output.vocabulary_size_by_name(name) + 1
    for features_of in (definition.item.features, of_timelines):
        fixed = [c for c in columns.all_columns(features_of) if c.fixed_rows]
        sizes |= {column.name: column.fixed_rows for column in fixed}
    train = read_timelines(train_files, spec, definition)
    item_ids = vocabularies[features.ITEM_ID]
    return TrainingData(
        definition=definition,
        train=train,
        eval=read_timelines(eval_files, spec, definition),
        catalogue=catalogue,
        vocabularies=vocabularies,
        sizes=sizes,
        counts=np.bincount(train.history.item, minlength=len(item_ids)),
        positions=catalogue.positions_of(item_ids),
        timelines_transform=timelines_transform,
        items_transform=items_transform,
        base_model=base_model,
    )
