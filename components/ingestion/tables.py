"""A data set in memory: three typed Arrow tables, made from the files of a folder."""

import pathlib
from dataclasses import dataclass

import pyarrow as pa

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


def read(folder: pathlib.Path, definition: Definition, now: int | None = None) -> Tables:
    """Reads the files of a folder.

    Args:
        folder: Holds the files.
        definition: Of the data set.
        now: Seconds since 1970-01-01 UTC, later than which no event can be; by default the clock's.

    Raises:
        DataErrors: Something is wrong with them.
    """
    raise NotImplementedError(folder, definition, now)


def source_files(folder: pathlib.Path, definition: Definition) -> tuple[pathlib.Path, ...]:
    """Returns the files that would be read, sorted, without opening them."""
    raise NotImplementedError(folder, definition)
