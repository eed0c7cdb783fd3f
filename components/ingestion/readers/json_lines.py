"""JSON lines: one object a line, raw columns in the types of their values."""

import functools
import io
import itertools
import json
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.json

from components.ingestion.faults import Faults, quoted
from components.ingestion.readers.shards import Lines, Shard, read_text, repair_utf_8

LOOKED_AT = 1000
"""Lines from which the columns and their types are told."""

SURROGATE = b"\\ud"
REMEDY = 'Write one object a line, such as {"id": "7", "price": 9.5}.'


def read(path: pathlib.Path, wanted: Sequence[str], faults: Faults) -> Shard | None:
    """Reads columns of a file of JSON lines.

    Args:
        path: The file, packed if its name ends in .gz.
        wanted: Names of the columns to read.
        faults: Told what is wrong.

    Returns:
        The columns that the file has; None where nothing can be made of it.
    """
    content = read_text(path, faults)
    if content is None:
        return None
    try:
        table, names = _read_fast(content, wanted)
    except (pa.ArrowInvalid, ValueError, TypeError, RecursionError):  # mixed types, or a fault
        content = repair_utf_8(content, path, "Save the file as UTF-8.", faults)
        table, names = _read_slowly(path, content, wanted, faults)
    return Shard(path, table, names, functools.partial(_find_lines, content))


def _read_fast(content: pa.Buffer, wanted: Sequence[str]) -> tuple[pa.Table, tuple[str, ...]]:
    """Returns the columns, if all values of each are of the type that its first ones are of.

    Raises:
        ArrowInvalid, ValueError, TypeError, RecursionError: They are not.
    """
    first = [json.loads(line.decode()) for _, line in itertools.islice(_lines(content), LOOKED_AT)]
    if not all(isinstance(row, dict) for row in first):
        raise TypeError("Not every line is an object.")
    names = tuple(dict.fromkeys(name for row in first for name in row))
    columns = [name for name in wanted if name in names]
    if len(columns) < len(wanted):
        raise ValueError("A column that is wanted is not among the first rows.")
    schema = pa.schema(
        [(name, _type(pa.array([row.get(name) for row in first]).type)) for name in columns]
    )
    table = pyarrow.json.read_json(
        pa.BufferReader(content),
        parse_options=pyarrow.json.ParseOptions(
            explicit_schema=schema, unexpected_field_behavior="ignore"
        ),
    )
    return table.select(columns), names


def _type(found: pa.DataType) -> pa.DataType:
    """Returns the type to read values as: whole numbers may turn out to have fractions."""
    if not (
        pa.types.is_string(found)
        or pa.types.is_int64(found)
        or pa.types.is_float64(found)
        or (pa.types.is_list(found) and not pa.types.is_nested(found.value_type))
    ):
        raise TypeError(f"No column can be of type {found}.")
    return found


def _read_slowly(
    path: pathlib.Path, content: pa.Buffer, wanted: Sequence[str], faults: Faults
) -> tuple[pa.Table, tuple[str, ...]]:
    """Returns the columns with whatever has mixed types as text, and names what is no object."""
    rows: list[dict[str, Any]] = []
    for number, line in _lines(content):
        row: Any = None
        try:
            row = json.loads(line.decode())  # bytes might be taken for UTF-16
            problem = f"{quoted(line.decode('utf-8'))} is no object"
            _check_texts(line, row)
        except json.JSONDecodeError as error:
            problem = f"not JSON: {error.msg} at column {error.colno} of {quoted(line.decode())}"
        except RecursionError:
            problem = f"{quoted(line.decode())} is nested too deeply"
        except UnicodeEncodeError:
            row, problem = None, f"{quoted(line.decode())} has half a character, such as \\ud83d"
        if not isinstance(row, dict):
            faults.add("not-json", path, problem, REMEDY, line=number, value=line.decode())
            row = {}
        rows.append(row)
    names = tuple(dict.fromkeys(name for row in rows for name in row))
    columns = {name: _column([row.get(name) for row in rows]) for name in wanted if name in names}
    return pa.table(columns), names


def _check_texts(line: bytes, row: Any) -> None:
    """Checks that every text can be written.

    Raises:
        UnicodeEncodeError: One has half of a pair of surrogates, which JSON can spell.
    """
    if SURROGATE in line.lower():
        json.dumps(row, ensure_ascii=False).encode()


def _column(values: list[Any]) -> pa.Array:
    """Returns values of one type as they are, others as the texts that JSON has for them."""
    kinds = {type(value) for value in values if value is not None}
    if not (kinds == {str} or kinds <= {int, float} or kinds == {list}):
        return _spell(values)
    try:
        return pa.array(values, pa.float64() if kinds == {int, float} else None)
    except (pa.ArrowException, OverflowError):
        return _spell(values)


def _spell(values: list[Any]) -> pa.Array:
    return pa.array(
        [
            value if value is None or isinstance(value, str) else json.dumps(value)
            for value in values
        ],
        pa.string(),
    )


def _lines(content: pa.Buffer) -> Iterator[tuple[int, bytes]]:
    """Yields the 1-based number and the content of each line that is not blank."""
    with io.BytesIO(content) as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, line.strip()


def _find_lines(content: pa.Buffer) -> Lines:
    return np.fromiter((number for number, _ in _lines(content)), np.int64)
