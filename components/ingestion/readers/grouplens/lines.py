"""Line by line reading: for the small files, and to find the lines at fault in the big one."""

import codecs
import io
import pathlib
from collections.abc import Iterator

from components.ingestion.faults import Faults, quoted
from components.ingestion.readers.shards import read_text

DELIMITERS = {"\t": "tabs", "::": "'::'", "|": "'|'", ",": "commas", ";": "';'"}


def read_rows(
    path: pathlib.Path, *, delimiter: str, encoding: str, column_count: int, faults: Faults
) -> Iterator[tuple[int, list[str]]]:
    """Yields the 1-based line number and the columns of each sound row.

    Args:
        path: The file.
        delimiter: What separates columns.
        encoding: `latin-1` or `utf-8`.
        column_count: How many columns each row must have.
        faults: Told of lines that are not encoded or divided as they should be.
    """
    content = read_text(path, faults)
    if content is None:
        return
    for number, line in enumerate(io.BytesIO(content), start=1):
        line = line.rstrip(b"\r\n")
        text = decode(line, encoding, path, number, faults)
        if not text:
            continue
        columns = text.split(delimiter)
        if len(columns) == column_count:
            yield number, columns
            continue
        others = [
            name
            for other, name in DELIMITERS.items()
            if other != delimiter and len(text.split(other)) == column_count
        ]
        hint = f"Columns seem to be separated by {others[0]}; use" if others else "Separate them by"
        faults.add(
            "column-count",
            path,
            f"{len(columns)} columns instead of {column_count} in {quoted(text)}",
            f"{hint} {DELIMITERS[delimiter]}.",
            line=number,
            value=text,
        )


def decode(line: bytes, encoding: str, path: pathlib.Path, number: int, faults: Faults) -> str:
    """Returns the text of a line.

    Every byte is valid Latin-1, so a file that was saved as UTF-8 by mistake would be read as
    mojibake; a non-ASCII line that happens to be valid UTF-8 gives it away.
    """
    if line.isascii():
        return line.decode("ascii")
    latin = codecs.lookup(encoding).name != "utf-8"
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        if latin:
            return line.decode(encoding)
        faults.add(
            "encoding",
            path,
            f"broken UTF-8: {error.reason} at byte {error.start} of {quoted(repr(line)[2:-1])}",
            "If this is ml-1m's, its users.dat is missing beside it."
            if path.name == "movies.dat"
            else "Unpack the release anew, or save the file as UTF-8.",
            line=number,
            value=repr(line)[2:-1],
        )
        return line.decode("utf-8", "replace")
    if latin:
        faults.add(
            "encoding",
            path,
            f"{quoted(text)} is UTF-8, not {encoding}",
            "Take the file as GroupLens distributes it, or convert it back.",
            line=number,
            value=text,
        )
    return text
