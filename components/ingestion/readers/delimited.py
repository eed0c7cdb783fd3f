"""CSV files: delimiter, header, quotes and raw columns as text."""

import csv
import functools
import io
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.csv

from components.ingestion.faults import Faults, quoted
from components.ingestion.readers.shards import (
    Lines,
    Shard,
    find_text_lines,
    read_text,
    repair_utf_8,
)

DELIMITERS = {",": "','", ";": "';'", "\t": "tabs", "|": "'|'"}
FIELD_LIMIT = 2**31 - 1
HEADER_LIMIT = 2**20
BLOCK = 2**24
QUOTE, LINE_FEED, RETURN = b'"'[0], b"\n"[0], b"\r"[0]
UTF_8_REMEDY = "Save the file as UTF-8; it may be in Latin-1 or Windows-1252."


def read(
    path: pathlib.Path,
    wanted: Sequence[str],
    faults: Faults,
    *,
    aliases: Mapping[str, str] | None = None,
) -> Shard | None:
    """Reads columns of a CSV file as text.

    The delimiter is told from the header. Quotes are RFC 4180's: around any field, which may then
    hold line breaks, and two for one within.

    Args:
        path: The file, packed if its name ends in .gz.
        wanted: Names of the columns to read, as the definition has them.
        faults: Told what is wrong.
        aliases: Names in the file of columns that are wanted under other ones.

    Returns:
        The columns that the file has; None where nothing can be made of it.
    """
    content = read_text(path, faults)
    if content is None:
        return None
    aliases = dict(aliases or {})
    header = Header(content)
    names = header.names
    found = {name: aliases.get(name, name) for name in wanted if aliases.get(name, name) in names}
    _check_header(path, names, set(found.values()), faults)
    body = content.slice(header.size)
    has_quotes = _holds_quote(body)
    irregular = has_quotes and not _quotes_are_sound(body, header.delimiter)
    try:
        table = _parse(body, header, found, has_quotes)
    except pa.ArrowInvalid:
        content = repair_utf_8(content, path, UTF_8_REMEDY, faults)
        header = Header(content)
        body = content.slice(header.size)
        table = _parse(body, header, found, has_quotes, skip=lambda _: "skip")
        irregular = True
    if irregular:
        _explain(path, body, header, faults)
    find_lines = functools.partial(
        _find_lines, body, header, has_quotes or irregular, table.num_rows
    )
    columns = tuple(name for name in names if name)
    return Shard(path, table, columns, find_lines, header.delimiter != ",", aliases)


class Header:
    """Names of the columns, and where the rows begin."""

    def __init__(self, content: pa.Buffer) -> None:
        with io.BytesIO(content.slice(0, min(HEADER_LIMIT, content.size))) as file:
            raw, self.lines = b"", 0
            for line in file:  # a name may be quoted and hold a line break
                raw += line
                self.lines += 1
                if raw.strip() and raw.count(b'"') % 2 == 0:
                    break
        self.size = len(raw)
        text = raw.decode("utf-8", "replace").strip("\r\n")
        text = text.replace("\r\n", "\n").replace("\r", " ").replace("\x00", "")
        outside = "".join(text.split('"')[::2])
        self.delimiter = max(DELIMITERS, key=outside.count)
        fields = next(csv.reader(io.StringIO(text), delimiter=self.delimiter), [])
        self.names = [name.strip() for name in fields]


def _check_header(path: pathlib.Path, names: list[str], wanted: set[str], faults: Faults) -> None:
    if names and not names[0]:
        faults.warn(
            f"{path}: the first column has no name and is not read; pandas writes its index so "
            "unless told index=False."
        )
    for name in sorted(wanted):
        if names.count(name) > 1:
            faults.add(
                "repeated-column",
                path,
                f"{names.count(name)} columns are called {name!r}",
                "Rename one of them.",
                line=1,
                value=name,
            )


def _parse(
    body: pa.Buffer,
    header: Header,
    found: Mapping[str, str],
    has_quotes: bool,
    skip: Callable[[pyarrow.csv.InvalidRow], str] | None = None,
) -> pa.Table:
    """Returns the columns.

    Args:
        body: What comes after the header.
        header: The header.
        found: Names in the file of the columns to read, by those in the definition.
        has_quotes: Whether there is any in the body.
        skip: Told of rows with more or fewer columns than the header.

    Raises:
        ArrowInvalid: There is such a row and nobody to tell, or what is no UTF-8.
    """
    types = {str(header.names.index(theirs)): pa.string() for theirs in found.values()}
    if body.size:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(body),
            read_options=pyarrow.csv.ReadOptions(
                column_names=[str(index) for index in range(len(header.names))]
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=header.delimiter,
                newlines_in_values=has_quotes,
                invalid_row_handler=skip,
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=types,
                include_columns=list(types),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    else:
        table = pa.table({name: pa.array([], kind) for name, kind in types.items()})
    order = [str(header.names.index(theirs)) for theirs in found.values()]
    return table.select(order).rename_columns(list(found))


def _holds_quote(body: pa.Buffer) -> bool:
    content = np.frombuffer(body, np.uint8)
    return any(
        bool((content[start : start + BLOCK] == QUOTE).any())
        for start in range(0, len(content), BLOCK)
    )


def _quotes_are_sound(body: pa.Buffer, delimiter: str) -> bool:
    """Returns whether every quote opens, closes, or is one of two within a field.

    If so, quotes open and close in turn: every other one begins a field or follows a quote that
    seemed to close, the others end a field or come before one that seems to open.
    """
    content = np.frombuffer(body, np.uint8)
    quotes = np.flatnonzero(content == QUOTE)
    if len(quotes) % 2:
        return False
    separators = np.array([ord(delimiter), LINE_FEED, RETURN, QUOTE], np.uint8)
    before = quotes[::2] - 1
    after = quotes[1::2] + 1
    return bool(
        np.isin(content[before[before >= 0]], separators).all()
        and np.isin(content[after[after < len(content)]], separators).all()
    )


def _records(body: pa.Buffer, header: Header) -> Iterator[tuple[int, list[str] | csv.Error]]:
    """Yields the first line and the fields of each record that is not blank, or its error."""
    limit = csv.field_size_limit(FIELD_LIMIT)
    lines = (line.decode("utf-8", "replace") for line in io.BytesIO(body))
    reader = csv.reader(lines, delimiter=header.delimiter, strict=True)
    start = header.lines + 1
    try:
        while True:
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield start, error
            else:
                if fields and not (len(fields) < len(header.names) and not "".join(fields).strip()):
                    yield start, fields
            start = header.lines + reader.line_num + 1
    finally:
        csv.field_size_limit(limit)


def _explain(path: pathlib.Path, body: pa.Buffer, header: Header, faults: Faults) -> None:
    """Names the lines that are not divided or quoted as they should be."""
    for line, fields in _records(body, header):
        if isinstance(fields, csv.Error):
            open_end = "unexpected end" in str(fields)
            faults.add(
                "quotes",
                path,
                "a quote that is opened here is never closed"
                if open_end
                else f"bad quotes or line ends: {fields}",
                "Put quotes around the whole field, and write a quote within it twice.",
                line=line,
            )
        elif len(fields) != len(header.names):
            text = header.delimiter.join(fields)
            others = [
                name
                for other, name in DELIMITERS.items()
                if other != header.delimiter and len(text.split(other)) == len(header.names)
            ]
            hint = f"Columns seem to be separated by {others[0]}; use" if others else "Use"
            faults.add(
                "column-count",
                path,
                f"{len(fields)} columns instead of {len(header.names)} in {quoted(text)}",
                f"{hint} {DELIMITERS[header.delimiter]}, and quotes around fields that hold it.",
                line=line,
                value=text,
            )


def _find_lines(body: pa.Buffer, header: Header, by_record: bool, rows: int) -> Lines:
    """Returns the line of every row that was read."""
    if by_record:
        lines = (
            line
            for line, fields in _records(body, header)
            if isinstance(fields, csv.Error) or len(fields) == len(header.names)
        )
        return np.fromiter((line for line, _ in zip(lines, range(rows), strict=False)), np.int64)
    return find_text_lines(body, header.lines)
