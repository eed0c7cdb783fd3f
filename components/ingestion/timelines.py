"""From tables to `tf.Example`: one per user and split, and one per item."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow as tf

from components.ingestion.splits import SPLITS, Split
from components.ingestion.tables import Tables
from components.ingestion.values import codes_and_texts, event_column, record_column
from transform import features
from transform.definition import Definition


class Users(NamedTuple):
    """Who did something, in order of their ids' bytes."""

    ids: npt.NDArray[np.object_]
    """The id of each code, ascending bytes."""

    code: npt.NDArray[np.int32]
    """`[events]` code of each event's user, in input order."""


def order_users(events: pa.Table) -> Users:
    """Returns the users of events, numbered so that codes ascend with the bytes of the ids."""
    code, texts = codes_and_texts(events.column(features.USER_ID))
    ids = texts[:-1]  # without the text of a missing one
    order = np.argsort(ids, kind="stable")
    rank = np.empty(len(ids), np.int32)
    rank[order] = np.arange(len(ids), dtype=np.int32)
    return Users(ids[order], rank[code])


def timeline_examples(
    tables: Tables, definition: Definition, user_ids: npt.NDArray[np.object_], split: Split
) -> Iterator[tuple[str, bytes]]:
    """Yields the timelines of all splits, by split and ascending bytes of the user's id.

    The test timelines are the store of users that serving answers from, so every user who has an
    event has one, with or without labels. In train and eval a user with neither history nor labels
    is left out.

    Args:
        tables: The events that the rows of `split` refer to, and the users.
        definition: Says which features there are.
        user_ids: The id of each code of a user in `split`.
        split: Which events are history and labels of whom.

    Yields:
        The name of a split and a serialized `tf.Example` as in `schemas.timelines`. Lists without
        entries and features of the user that are not known are absent.
    """
    columns = [
        (
            event_column(definition.event.features.get(name), tables.events.column(name)),
            name,
            features.label(name),
        )
        for name in features.history(definition)
    ]
    known = _known_users(tables.users, definition, user_ids[split.users])
    for name in SPLITS:  # one after the other: what Beam buffers of a split is freed in one piece
        history, labels = split.history(name), split.labels(name)
        for user, about in enumerate(known):
            timeline = tf.train.Example()
            feature = timeline.features.feature
            past, later = history.of(user), labels.of(user)
            for column, history_name, label_name in columns:
                if len(past):
                    column.add(past, history_name, feature)
                if len(later):
                    column.add(later, label_name, feature)
            if feature or name == features.TEST:
                timeline.MergeFrom(about)
                yield name, timeline.SerializeToString(deterministic=True)


def item_examples(items: pa.Table, definition: Definition) -> Iterator[bytes]:
    """Yields the catalogue in input order, each item a serialized `tf.Example`.

    Typed as in `schemas.items`; what is not known of an item is absent.
    """
    kinds = definition.item.features
    columns = [record_column(name, kind, items.column(name)) for name, kind in kinds.items()]
    ids, titles = (_bytes(items.column(name)) for name in (features.ITEM_ID, features.TITLE))
    for row, (item_id, title) in enumerate(zip(ids, titles, strict=True)):
        item = tf.train.Example()
        feature = item.features.feature
        feature[features.ITEM_ID].bytes_list.value.append(item_id)
        feature[features.TITLE].bytes_list.value.append(title)
        for column in columns:
            column.add(row, feature)
        yield item.SerializeToString(deterministic=True)


def _known_users(
    users: pa.Table | None, definition: Definition, user_ids: npt.NDArray[np.object_]
) -> list[tf.train.Example]:
    """Returns what is known of each user besides events: the id, and features if there are any."""
    known = []
    for user_id in user_ids:
        about = tf.train.Example()
        about.features.feature[features.USER_ID].bytes_list.value.append(user_id)
        known.append(about)
    if users is None:
        return known
    kinds = definition.user_features
    columns = [record_column(name, kind, users.column(name)) for name, kind in kinds.items()]
    listed = users.column(features.USER_ID).cast(pa.binary()).combine_chunks()
    places = pc.index_in(pa.array(user_ids, pa.binary()), value_set=listed).to_pylist()
    for about, row in zip(known, places, strict=True):
        if row is not None:  # else a user of whom only events tell
            for column in columns:
                column.add(row, about.features.feature)
    return known


def _bytes(column: pa.ChunkedArray) -> npt.NDArray[np.object_]:
    values: npt.NDArray[np.object_] = column.cast(pa.binary()).to_numpy()
    return values
