"""A file of any format, read as raw columns."""

import pathlib
from collections.abc import Callable

from components.ingestion.faults import REMEDY_OF_FILES as REMEDY
from components.ingestion.faults import Faults, reason
from components.ingestion.readers import delimited, grouplens, json_lines, parquet
from components.ingestion.readers.layout import Layout
from components.ingestion.readers.shards import Shard
from components.ingestion.readers.typed import EVENTS, ITEMS, USERS, Field

READERS: dict[str, Callable[..., Shard | None]] = {
    "csv": delimited.read,
    "jsonl": json_lines.read,
    "parquet": parquet.read,
}
"""By the extension without `.gz`."""


def read_file(
    name: str, path: pathlib.Path, layout: Layout, wanted: tuple[Field, ...], faults: Faults
) -> Shard | None:
    """Reads the columns that typed ones are made from.

    Args:
        name: `ITEMS`, `USERS` or `EVENTS`.
        path: The file.
        layout: That it belongs to.
        wanted: The typed columns.
        faults: Told what is wrong.

    Returns:
        The columns that the file has; None where nothing can be made of it.

    Raises:
        KeyError: `READERS` has no reader for an extension of `layout.EXTENSIONS`.
    """
    try:
        return _read(name, path, layout, wanted, faults)
    except OSError as error:  # gone since it was listed, no permission, a broken disk
        faults.add("unreadable", path, f"can't be read: {reason(error)}", REMEDY)
        faults.unreadable(path)
        return None


def _read(
    name: str, path: pathlib.Path, layout: Layout, wanted: tuple[Field, ...], faults: Faults
) -> Shard | None:
    if layout.release:
        read_release: dict[str, Callable[..., Shard | None]] = {
            ITEMS: grouplens.read_movies,
            USERS: grouplens.read_users,
            EVENTS: grouplens.read_ratings,
        }
        return read_release[name](layout.release, faults)
    columns = tuple(dict.fromkeys(field.column for field in wanted))
    format_name = path.name.removesuffix(".gz").rpartition(".")[2]
    return READERS[format_name](path, columns, faults)
