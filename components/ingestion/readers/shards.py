"""One file of a table in memory: raw columns, and the line on which each row is."""

import codecs
import dataclasses
import functools
import gzip
import pathlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.ingestion.faults import Faults

Lines: TypeAlias = npt.NDArray[np.int64]

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
START = 65_536  # bytes that tell the encoding and the line ends of a file


@dataclasses.dataclass(frozen=True)
class Shard:
    """Raw columns of one file."""

    path: pathlib.Path

    table: pa.Table
    """Columns by their names in the definition: texts as they are written, or what the file's own
    types give."""

    columns: tuple[str, ...]
    """Names of all columns that the file has."""

    find_lines: Callable[[], Lines] | None = None
    """Gives the 1-based line of every row; None where a file has no lines."""

    decimal_comma: bool = False
    """Whether numbers may be written with a decimal comma."""

    aliases: dict[str, str] = dataclasses.field(default_factory=dict)
    """Names in the file of columns that have others in the definition."""

    @property
    def unit(self) -> str:
        """What places are counted in."""
        return "line" if self.find_lines else "row"

    def line(self, row: int) -> int:
        """Returns the 1-based line, or row, of a 0-based row."""
        return int(self._lines[row]) if self.find_lines else row + 1

    @functools.cached_property
    def _lines(self) -> Lines:
        assert self.find_lines
        return self.find_lines()


@dataclasses.dataclass(frozen=True)
class Origin:
    """Where values come from, and what is said of bad ones."""

    shard: Shard
    column: str
    """Name of the column, as the definition has it."""

    key: str
    """Key of the definition that is about it, such as `item.features.price`."""

    faults: Faults

    def refuse(
        self,
        kind: str,
        rows: Lines,
        value: Callable[[int], str],
        problem: Callable[[str], str],
        remedy: str,
    ) -> None:
        """Tells of bad values.

        Args:
            kind: Of the fault.
            rows: Their 0-based rows, ascending.
            value: Gives the value of a row as it is written.
            problem: Says what is wrong, given the value; the column's name is put before it.
            remedy: What to do.
        """

        def describe(row: int) -> tuple[str, str]:
            text = value(row)
            return text, f"{self.column} {problem(text)}"

        self.faults.add_rows(kind, self.shard, rows, describe, remedy, about=self.key)


def locate(shards: Sequence[Shard], rows: Lines) -> Iterator[tuple[Shard, Lines, Lines]]:
    """Divides rows of a table among the files that it was put together from.

    Args:
        shards: The files, in order.
        rows: 0-based rows of the whole table, ascending.

    Yields:
        Each file that has some of them, their rows within it, and their rows in the whole.
    """
    start = 0
    for shard in shards:
        end = start + shard.table.num_rows
        inside = rows[(rows >= start) & (rows < end)]
        if len(inside):
            yield shard, inside - start, inside
        start = end


def read_text(path: pathlib.Path, faults: Faults) -> pa.Buffer | None:
    """Returns the bytes of a text file, unpacked and in UTF-8.

    Args:
        path: A file, packed if its name ends in .gz.
        faults: Told what is wrong.

    Returns:
        Its content, without a byte order mark; None where nothing can be made of it.
    """
    content = _unpack(path, faults)
    if content is None:
        faults.unreadable(path)
        return None
    start = content.slice(0, min(START, content.size)).to_pybytes()
    if start.startswith(UTF_16) or b"\x00" in start[:200]:
        faults.add(
            "encoding",
            path,
            f"is not UTF-8 but UTF-16 or no text at all: it starts with {start[:8]!r}",
            'Save it as UTF-8; Excel calls that "CSV UTF-8".',
        )
    elif b"\r" in start and b"\n" not in start:
        faults.add(
            "line-ends",
            path,
            "lines end in a lone carriage return, as on old Macs",
            "Save it with line feeds, as Unix or Windows do.",
        )
    else:
        return content.slice(3) if start.startswith(codecs.BOM_UTF8) else content
    faults.unreadable(path)
    return None


def repair_utf_8(content: pa.Buffer, path: pathlib.Path, remedy: str, faults: Faults) -> pa.Buffer:
    """Names the lines that are no UTF-8, and replaces what is none of it, to read on."""
    for number, line in enumerate(content.to_pybytes().split(b"\n"), start=1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            around = line[max(0, error.start - 40) : error.start + 20]
            faults.add(
                "encoding",
                path,
                f"broken UTF-8: {error.reason} at byte {error.start} of the line, "
                f"in '{repr(around)[2:-1]}'",
                remedy,
                line=number,
                value=repr(around)[2:-1],
            )
    return pa.py_buffer(content.to_pybytes().decode("utf-8", "replace").encode())


def find_text_lines(content: pa.Buffer, before: int) -> Lines:
    """Returns the 1-based numbers of the lines that are not blank.

    Args:
        content: Lines of a text without quoted line breaks. A lone carriage return ends one, as
            it does for Arrow.
        before: How many lines come before the content.
    """
    text = np.frombuffer(content, np.uint8)
    feeds = text == b"\n"[0]
    returns = text == b"\r"[0]
    returns[:-1] &= ~feeds[1:]
    ends = np.append(np.flatnonzero(feeds | returns), len(text))
    starts = np.append(0, ends[:-1] + 1)
    length = ends - starts
    first = text[np.minimum(starts, len(text) - 1)] if len(text) else text
    blank = (length == 0) | ((length == 1) & (first == b"\r"[0]))
    return np.flatnonzero(~blank) + before + 1


def _unpack(path: pathlib.Path, faults: Faults) -> pa.Buffer | None:
    if path.suffix != ".gz":
        if not path.stat().st_size:
            return pa.py_buffer(b"")
        return pa.memory_map(str(path)).read_buffer()
    try:
        with gzip.open(path) as file:
            return pa.py_buffer(file.read())
    except EOFError:
        faults.add("truncated", path, "ends in the middle of the packed data", "Copy it anew.")
    except (gzip.BadGzipFile, zlib.error) as error:
        faults.add(
            "not-gzip", path, f"is named .gz, but can't be unpacked: {error}", "Pack it anew."
        )
    return None
