"""A data set in memory: three typed Arrow tables, made from the files of a folder."""

import pathlib
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from components.ingestion import as_of as moments
from components.ingestion import duplicates, selection
from components.ingestion.faults import DataErrors, Faults, Report
from components.ingestion.readers.files import read_file
from components.ingestion.readers.layout import Layout, detect
from components.ingestion.readers.typed import (
    EVENTS,
    ITEMS,
    USERS,
    fields,
    join,
    nulls,
    type_columns,
)
from components.ingestion.readers.units import Range, events_until
from components.ingestion.selection import Mask
from components.ingestion.source import Source, codes_of, values_of
from transform import features
from transform.definition import Definition


@dataclass(frozen=True)
class Tables:
    """Items, users and events, typed by the definition, every row in the order of the files.

    Types by kind: category string (of events dictionary<int32, string>), categories list<string>,
    words string, number float32, time int64 seconds, vector fixed_size_list<float32>; all nullable.
    """

    items: pa.Table
    """`item_id` and `title`, string, and each feature of the item by its name."""

    users: pa.Table | None
    """`user_id`, string, and each feature of the user by its name; None where nothing is known."""

    events: pa.Table
    """`user_id` and `item_id`, dictionary<int32, string>, `time`, int64 seconds, `weight`, float32,
    if the definition has one, and each feature of the event by its name."""

    layout: str
    """For people: "ml-100k", "csv", "parquet", …"""

    files: tuple[str, ...]
    """What was read."""

    set_aside: int = 0
    """Events that are left out, since they are later than the moment that was stated."""


def read(
    folder: pathlib.Path, definition: Definition, now: int | None = None, as_of: int | None = None
) -> Tables:
    """Reads the files of a folder.

    Args:
        folder: Holds the files.
        definition: Of the data set.
        now: Seconds since 1970-01-01 UTC, later than which no event can be, but for a day; by
            default the clock's.
        as_of: Seconds since 1970-01-01 UTC of the moment that the data is looked at from: later
            events, however late, are set aside.

    Raises:
        DataErrors: Something is wrong with them.
    """
    tables, report = _load(detect(folder), definition, now, as_of)
    if not report.ok:
        raise DataErrors(report.faults)
    return tables


def check(
    folder: pathlib.Path, definition: Definition, now: int | None = None, as_of: int | None = None
) -> Report:
    """Returns what the files of a folder hold, and all that is wrong with them.

    Args:
        folder: Holds the files.
        definition: Of the data set.
        now: As in `read`.
        as_of: As in `read`.
    """
    try:
        layout = detect(folder)
    except DataErrors as error:
        return Report(definition.name, "", (), {}, {}, error.faults, ())
    return _load(layout, definition, now, as_of)[1]


def source_files(folder: pathlib.Path, definition: Definition) -> tuple[pathlib.Path, ...]:
    """Returns the files that would be read, without opening them.

    Raises:
        DataErrors: The folder is missing, in no layout, or in two.
    """
    layout = detect(folder)
    return tuple(
        path
        for table, paths in layout.shards.items()
        if _is_read(table, definition)
        for path in paths
    )


def _load(
    layout: Layout, definition: Definition, now: int | None, as_of: int | None
) -> tuple[Tables, Report]:
    """Returns the tables, which are of use only if the report is fine, and the report."""
    faults = Faults()
    for warning in layout.warnings:
        faults.warn(warning)
    allowed = events_until(int(time.time()) if now is None else now, as_of)
    items, users, events = (
        _read_table(name, layout, definition, allowed, faults) for name in (ITEMS, USERS, EVENTS)
    )
    assert items and events
    late = _later_than(as_of, events.table)
    kept, dropped = _select(items, users, events, ~late, definition, faults)
    set_aside = int(np.count_nonzero(late))
    if as_of is not None and set_aside:
        dropped = {f"later than {moments.shown(as_of)}": set_aside, **dropped}
    _warn_of_times(events.table, faults)
    tables = Tables(
        items=_finish_items(items.table, events.table, kept, definition),
        users=_spell_ids(users.table, features.USER_ID) if users else None,
        events=events.table if kept.all() else events.table.filter(pa.array(kept)),
        layout=layout.name,
        files=tuple(
            str(shard.path)
            for source in (items, users, events)
            if source
            for shard in source.shards
        ),
        set_aside=set_aside,
    )
    if not faults and not tables.events.num_rows:
        path = layout.shards[EVENTS][0]
        remedy = "Look at `event.keep` and what is below."
        if set_aside:
            remedy = f"{set_aside:,} are later than the moment that --as-of states. {remedy}"
        faults.add("no-events", path, "no event is left", remedy)
    counts = {
        "items": tables.items.num_rows,
        "users": int(
            np.count_nonzero(np.bincount(codes_of(tables.events, features.USER_ID) + 1)[1:])
        ),
        "events": tables.events.num_rows,
        "rows of items": items.table.num_rows,
        **({"rows of users": users.table.num_rows} if users else {}),
        "rows of events": events.table.num_rows,
    }
    return tables, Report(
        definition.name,
        layout.name,
        tables.files,
        counts,
        dropped,
        tuple(faults),
        tuple(faults.warnings),
    )


def _is_read(table: str, definition: Definition) -> bool:
    return table != USERS or definition.user is not None


def _read_table(
    name: str, layout: Layout, definition: Definition, allowed: Range, faults: Faults
) -> Source | None:
    """Returns a table; None for users who are not defined, or may be missing and are."""
    paths = layout.shards.get(name, ())
    if not _is_read(name, definition):
        if paths:
            faults.warn(f"{paths[0]}: not read, as the definition has no `user`.")
        return None
    if not paths:
        assert definition.user
        if not definition.user.optional:
            faults.add(
                "no-users",
                layout.files[0].parent,
                f"no users, but the definition {definition.name} has a table of them",
                "Add users, set `user.optional: true`, or leave `user` out of the definition.",
            )
        return None
    wanted = fields(name, definition)
    shards = [shard for path in paths if (shard := read_file(name, path, layout, wanted, faults))]
    table = join([type_columns(shard, wanted, allowed, faults) for shard in shards], wanted)
    if not table.num_rows and not faults.any_unreadable():
        path = paths[0] if len(paths) == 1 else paths[0].parent
        empty = all(not path.stat().st_size for path in paths)
        faults.add(
            "no-rows",
            path,
            "the file is empty" if empty else "no rows in the file",
            "Unpack the release anew." if layout.release else "Write the table anew.",
        )
    return Source(shards, table)


def _select(
    items: Source,
    users: Source | None,
    events: Source,
    early: Mask,
    definition: Definition,
    faults: Faults,
) -> tuple[Mask, dict[str, int]]:
    """Returns which of the early events count, and how many do not, by the reason."""
    event, noun = definition.event, definition.item.noun
    duplicates.refuse_duplicates(items, features.ITEM_ID, noun, faults)
    selection.refuse_mixed_floats(events, features.ITEM_ID, noun, faults)
    selection.refuse_mixed_floats(events, features.USER_ID, "user", faults)
    kept = selection.meets(events.table, event.keep)
    dropped = {"by event.keep": int((~kept & early).sum())}
    kept &= early
    tables = [(items, features.ITEM_ID, noun, event.unknown_item)]
    if users:
        duplicates.refuse_duplicates(users, features.USER_ID, "user", faults)
        tables.append((users, features.USER_ID, "user", event.unknown_user))
    for known, name, called, policy in tables if not faults.any_unreadable() else ():
        unknown = selection.refuse_unknown(events, kept, known, name, called, policy, faults)
        if policy == "drop":
            dropped[f"unknown {called}"] = int((unknown & kept).sum())
            kept &= ~unknown
    if event.repeats == "refuse":
        duplicates.refuse_repeats(events, kept, noun, faults)
    return kept, {why: count for why, count in dropped.items() if count}


def _later_than(as_of: int | None, events: pa.Table) -> Mask:
    """Returns which events are later than a moment; none where it is not stated."""
    if as_of is None:
        return np.zeros(events.num_rows, np.bool_)
    return np.asarray(events.column(features.TIME).fill_null(as_of)) > as_of


def _finish_items(
    items: pa.Table, events: pa.Table, kept: Mask, definition: Definition
) -> pa.Table:
    """Returns the items with titles, and those that only events know of, if they are kept."""
    items = _spell_ids(items, features.ITEM_ID)
    if not definition.item.title:
        items = items.add_column(1, features.TITLE, items.column(features.ITEM_ID))
    if definition.event.unknown_item != "keep":
        return items
    used = np.zeros(len(values_of(events, features.ITEM_ID)) + 1, np.bool_)
    used[codes_of(events, features.ITEM_ID)[kept]] = True
    ids = values_of(events, features.ITEM_ID).filter(pa.array(used[:-1]))
    listed = pa.compute.is_in(ids, value_set=items.column(features.ITEM_ID))
    new = ids.filter(pa.compute.invert(listed))
    columns = [
        new if field.name in (features.ITEM_ID, features.TITLE) else nulls(len(new), field.type)
        for field in items.schema
    ]
    return pa.concat_tables([items, pa.table(columns, schema=items.schema)]).combine_chunks()


def _spell_ids(table: pa.Table, name: str) -> pa.Table:
    index = table.column_names.index(name)
    return table.set_column(index, name, table.column(name).cast(pa.string()))


def _warn_of_times(events: pa.Table, faults: Faults) -> None:
    times = events.column(features.TIME)
    if len(times) < 2 or times.null_count:
        return
    ends = pa.compute.min_max(times).as_py()
    if ends["min"] == ends["max"]:
        faults.warn("All events are of the same second: their order is that of the files.")
        return
    users, several = _of_one_moment(codes_of(events, features.USER_ID), times.to_numpy())
    if users:
        faults.warn(
            f"{users:,} of {several:,} users with several events have all of them at the same "
            "second: their order is that of the files."
        )


def _of_one_moment(user: npt.NDArray[np.int32], time: npt.NDArray[np.int64]) -> tuple[int, int]:
    """Returns how many users have several events at one second only, and how many have several.

    Args:
        user: `[events]` code of each event's user, -1 where it is missing.
        time: `[events]` seconds.
    """
    known = user >= 0
    user, time = user[known], time[known]
    counts = np.bincount(user)
    first = np.zeros(len(counts), np.int64)
    first[user] = time  # any of the user's
    differs = np.zeros(len(counts), np.bool_)
    differs[user[time != first[user]]] = True
    several = counts > 1
    return int((several & ~differs).sum()), int(several.sum())
