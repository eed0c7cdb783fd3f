"""The ratings, millions of lines: read by column, by line only to find a fault."""

import functools

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from components.ingestion.faults import Faults
from components.ingestion.readers import delimited
from components.ingestion.readers.grouplens.layout import Layout
from components.ingestion.readers.grouplens.lines import read_rows
from components.ingestion.readers.shards import Lines, Shard, find_text_lines, read_text

COLUMNS = dict.fromkeys(("user_id", "movie_id", "rating", "timestamp"), pa.string())


def read_ratings(layout: Layout, faults: Faults) -> Shard | None:
    """Reads the ratings file of a release.

    Returns:
        Columns `user_id`, `movie_id`, `rating`, in stars, and `timestamp`, in seconds, in file
        order; None where nothing can be made of the file.
    """
    if layout.aliases:
        shard = delimited.read(layout.ratings, tuple(COLUMNS), faults, aliases=layout.aliases)
    else:
        shard = _read(layout, faults)
    if shard:
        refuse_empty(shard, ("rating",), faults)
    return shard


def refuse_empty(shard: Shard, names: tuple[str, ...], faults: Faults) -> None:
    """Refuses rows without what every release has."""
    for name in names:
        if name not in shard.table.column_names:
            continue
        column = shard.table.column(name)
        if pa.types.is_dictionary(column.type):
            empty = column.is_null()
        else:
            empty = pa.compute.or_kleene(column.is_null(), pa.compute.equal(column, ""))
        faults.add_rows(
            "missing-value",
            shard,
            np.flatnonzero(empty.to_numpy()),
            lambda _, name=name: ("", f"{name} '' is missing"),  # type: ignore[misc]
            "Correct or remove the line.",
            about=name,
        )


def _read(layout: Layout, faults: Faults) -> Shard | None:
    content = read_text(layout.ratings, faults)
    if content is None:
        return None
    if not content.size:
        return Shard(layout.ratings, pa.table(_nothing(), names=list(COLUMNS)), tuple(COLUMNS))
    try:
        table = _parse(content, layout.ratings_delimiter)
    except pa.ArrowInvalid:
        return _read_slowly(layout, faults)
    find_lines = functools.partial(find_text_lines, content, 0)
    return Shard(layout.ratings, table, tuple(COLUMNS), find_lines)


def _parse(content: pa.Buffer, delimiter: str) -> pa.Table:
    """Returns a table with `COLUMNS`.

    pyarrow knows no delimiter of two characters: a `::` file is read as separated by `:`, with a
    column between every two that must be empty.

    Raises:
        ArrowInvalid: A line has other columns than these.
    """
    names = list(COLUMNS)
    types = dict(COLUMNS)
    if delimiter == "::":
        gaps = [f"gap_{index}" for index in range(1, len(COLUMNS))]
        names = [names[0], *(name for pair in zip(gaps, names[1:], strict=True) for name in pair)]
        types |= dict.fromkeys(gaps, pa.null())
    return pyarrow.csv.read_csv(
        pa.BufferReader(content),
        read_options=pyarrow.csv.ReadOptions(column_names=names),
        parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter[0], quote_char=False),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=types, null_values=[""], strings_can_be_null=True
        ),
    ).select(list(COLUMNS))


def _read_slowly(layout: Layout, faults: Faults) -> Shard:
    """Reads line by line, and names what the parser of whole columns stumbled over."""
    lines, rows = [], []
    for number, columns in read_rows(
        layout.ratings,
        delimiter=layout.ratings_delimiter,
        encoding="utf-8",
        column_count=len(COLUMNS),
        faults=faults,
    ):
        lines.append(number)
        rows.append(columns)
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)] or _nothing()

    def find_lines() -> Lines:
        return np.array(lines, np.int64)

    table = pa.table(columns, names=list(COLUMNS))
    return Shard(layout.ratings, table, tuple(COLUMNS), find_lines)


def _nothing() -> list[pa.Array]:
    return [pa.array([], pa.string()) for _ in COLUMNS]
