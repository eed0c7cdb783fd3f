"""The first rows of a table, as plain values by column, for a look at what it holds."""

import csv
import gzip
import io
import itertools
import json
import pathlib
import zlib
from collections.abc import Sequence
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet

from components.ingestion.faults import cut, data_error
from components.ingestion.readers.delimited import Header

ROWS = 10_000
START = 2**22

UNREADABLE = (
    OSError,
    EOFError,
    zlib.error,
    ValueError,
    RecursionError,
    pa.ArrowException,
    csv.Error,
)
"""What may come of a file that is damaged, gone, or no file of its kind."""

Sample: TypeAlias = dict[str, list[Any]]
"""Values by column: texts of CSV, or what other files have; None where there is none."""


def sample(paths: Sequence[pathlib.Path], rows: int = ROWS) -> Sample:
    """Returns the first rows of the first file that has any.

    Raises:
        DataErrors: No file has any, or it can't be read.
    """
    for path in paths:
        try:
            found = _read(path, rows) if path.stat().st_size else {}
        except UNREADABLE as error:
            raise data_error(
                "unreadable",
                path,
                f"can't be read: {cut(str(error)).strip('. ')}",
                "Write it anew.",
            ) from error
        if any(found.values()):
            return found
    raise data_error("no-rows", paths[0], "no rows to look at", "Write the table anew.")


def _read(path: pathlib.Path, rows: int) -> Sample:
    name = path.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        return _parquet(path, rows)
    if name.endswith(".jsonl"):
        return _json_lines(_start(path), rows)
    return _delimited(_start(path), rows)


def _start(path: pathlib.Path) -> bytes:
    """Returns the first bytes of a text, to the end of a line where it is longer."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        start = file.read(START)
    return start if len(start) < START else start[: start.rfind(b"\n") + 1]


def _delimited(start: bytes, rows: int) -> Sample:
    header = Header(pa.py_buffer(start))
    text = io.StringIO(start[header.size :].decode("utf-8", "replace"), newline="")
    reader = csv.reader(text, delimiter=header.delimiter)
    complete = (row for row in reader if len(row) == len(header.names))
    taken = list(itertools.islice(complete, rows))
    return {
        name: [row[index].strip() or None for row in taken]
        for index, name in enumerate(header.names)
        if name
    }


def _json_lines(start: bytes, rows: int) -> Sample:
    lines = (line for line in start.splitlines() if line.strip())
    taken = [json.loads(line) for line in itertools.islice(lines, rows)]
    if not all(isinstance(row, dict) for row in taken):
        raise ValueError("a line is no JSON object")
    names = dict.fromkeys(name for row in taken for name in row)
    return {name: [row.get(name) for row in taken] for name in names}


def _parquet(path: pathlib.Path, rows: int) -> Sample:
    file = pyarrow.parquet.ParquetFile(path)
    batch = next(file.iter_batches(batch_size=rows), None)
    return batch.to_pydict() if batch else {}
