"""Ids that a table holds twice, and events that repeat: both lines named."""

import numpy as np
import numpy.typing as npt

from components.ingestion.faults import Faults, cut
from components.ingestion.readers.shards import Shard, locate
from components.ingestion.source import Source, Told, codes_of, values_of
from transform import features

DENSE = 64
"""How many times as many marks as events are still cheaper than sorting."""


def refuse_duplicates(source: Source, name: str, noun: str, faults: Faults) -> None:
    """Refuses an id that a table of items or users holds twice, naming both lines."""
    codes = codes_of(source.table, name)
    values = values_of(source.table, name)
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    repeated = (ordered[1:] == ordered[:-1]) & (ordered[1:] >= 0)
    if not repeated.any():
        return
    starts = np.searchsorted(ordered, ordered[1:][repeated])
    first_of = dict(zip(order[1:][repeated].tolist(), order[starts].tolist(), strict=True))
    for shard, inside, rows in locate(source.shards, np.sort(order[1:][repeated])):
        row_of = dict(zip(inside.tolist(), rows.tolist(), strict=True))

        def describe(row: int, shard: Shard = shard, row_of: dict[int, int] = row_of) -> Told:
            whole = row_of[row]
            text = values[int(codes[whole])].as_py()
            before = source.place(first_of[whole], shard)
            return text, f"{noun} {cut(text)} is already on {before}"

        faults.add_rows("duplicate-id", shard, inside, describe, "Keep one of the two lines.")


def refuse_repeats(events: Source, kept: npt.NDArray[np.bool_], noun: str, faults: Faults) -> None:
    """Refuses a second event of a user with an item, naming both lines."""
    users, items = (codes_of(events.table, name) for name in (features.USER_ID, features.ITEM_ID))
    considered = kept & (users >= 0) & (items >= 0)
    width = len(values_of(events.table, features.ITEM_ID))
    pairs = users.astype(np.int64) * width + items
    pairs = pairs if considered.all() else pairs[considered]
    if _all_differ(pairs):
        return
    ordered = np.sort(pairs)
    rows = np.flatnonzero(considered)
    order = np.argsort(pairs, kind="stable")
    repeated = pairs[order[1:]] == pairs[order[:-1]]
    starts = np.searchsorted(ordered, ordered[1:][repeated])
    first_of = dict(
        zip(rows[order[1:][repeated]].tolist(), rows[order[starts]].tolist(), strict=True)
    )
    people, things = (
        values_of(events.table, name) for name in (features.USER_ID, features.ITEM_ID)
    )
    for shard, inside, whole in locate(events.shards, np.sort(rows[order[1:][repeated]])):
        row_of = dict(zip(inside.tolist(), whole.tolist(), strict=True))

        def describe(row: int, shard: Shard = shard, row_of: dict[int, int] = row_of) -> Told:
            number = row_of[row]
            user = people[int(users[number])].as_py()
            item = things[int(items[number])].as_py()
            before = events.place(first_of[number], shard)
            return (
                f"{user}, {item}",
                f"user {cut(user)} already has an event with {noun} {cut(item)} on {before}",
            )

        faults.add_rows(
            "repeat",
            shard,
            inside,
            describe,
            "Keep one of the two lines, or set `event.repeats: keep` in the definition.",
        )


def _all_differ(numbers: npt.NDArray[np.int64]) -> bool:
    """Returns whether no number is there twice."""
    top = int(numbers.max(initial=0)) + 1
    if top <= DENSE * len(numbers):
        seen = np.zeros(top, np.bool_)
        seen[numbers] = True
        return int(np.count_nonzero(seen)) == len(numbers)
    ordered = np.sort(numbers)
    return not (ordered[1:] == ordered[:-1]).any()
