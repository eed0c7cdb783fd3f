"""Line by line reading: for the small files, and to find the line at fault in the big one."""

import codecs
import csv
import pathlib
from collections.abc import Iterator

from components.ingestion.readers.grouplens.errors import DataError, data_error

DELIMITERS = {"\t": "tabs", "::": "'::'", "|": "'|'", ",": "commas", ";": "';'"}
BYTE_ORDER_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
QUOTED_LINE_LENGTH = 120


def check_start(path: pathlib.Path) -> None:
    """Checks what can be seen before the first line is read.

    Raises:
        DataError: The file is missing, empty, or starts with a byte order mark.
    """
    if not path.is_file():
        raise data_error(path, "no such file", "Unpack the release anew.")
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise data_error(path, "the file is empty", "Unpack the release anew.")
    if start.startswith(BYTE_ORDER_MARKS):
        raise data_error(
            path,
            f"starts with a byte order mark ({start[:3]!r})",
            "Save the file without one; GroupLens writes none.",
            line_number=1,
        )


def raw_lines(path: pathlib.Path) -> Iterator[tuple[int, bytes]]:
    """Yields the 1-based number and the content, line end removed, of each line that has any."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            content = line.rstrip(b"\r\n")
            if content:
                yield number, content


def read_rows(
    path: pathlib.Path,
    *,
    delimiter: str,
    encoding: str,
    column_count: int,
    header: tuple[str, ...] = (),
) -> Iterator[tuple[int, list[str]]]:
    """Yields the 1-based line number and the columns of each row.

    Args:
        path: The file.
        delimiter: What separates columns; with "," they may be quoted.
        encoding: `latin-1` or `utf-8`.
        column_count: How many columns each row must have.
        header: The names in the first line; empty where the file has no header.

    Raises:
        DataError: The file is missing, empty or starts with a byte order mark, or a line is not
            encoded, quoted or divided as it should be.
    """
    check_start(path)
    header_left, rows = bool(header), 0
    for number, line in raw_lines(path):
        text = decode(line, encoding, path, number)
        columns = split_columns(text, delimiter, path, number)
        if header_left:
            check_header(columns, header, path, number)
            header_left = False
            continue
        if len(columns) != column_count:
            raise wrong_column_count(text, len(columns), column_count, delimiter, path, number)
        rows += 1
        yield number, columns
    if not rows:
        raise data_error(path, "no rows in the file", "Unpack the release anew.")


def decode(line: bytes, encoding: str, path: pathlib.Path, number: int) -> str:
    """Returns the text of a line.

    Every byte is valid Latin-1, so a file that was saved as UTF-8 by mistake would be read as
    mojibake; a non-ASCII line that happens to be valid UTF-8 gives it away.

    Raises:
        DataError: The line is not UTF-8 where that is expected, or is UTF-8 where it is not.
    """
    if line.isascii():
        return line.decode("ascii")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            return line.decode(encoding)
        raise data_error(
            path,
            f"broken UTF-8: {error.reason} at byte {error.start} of {quoted(repr(line)[2:-1])}",
            "If this is ml-1m's, its users.dat is missing beside it."
            if path.name == "movies.dat"
            else "Unpack the release anew, or save the file as UTF-8.",
            number,
        ) from error
    if encoding != "utf-8":
        raise data_error(
            path,
            f"{quoted(text)} is UTF-8, not {encoding}",
            "Take the file as GroupLens distributes it, or convert it back.",
            number,
        )
    return text


def split_columns(text: str, delimiter: str, path: pathlib.Path, number: int) -> list[str]:
    """Returns the columns of a line.

    Raises:
        DataError: A quote is never closed, or followed by something else than a comma.
    """
    if delimiter != "," or '"' not in text:
        return text.split(delimiter)
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error as error:
        raise data_error(
            path, f"bad quotes in {quoted(text)}: {error}", "Write quotes in a title twice.", number
        ) from error


def check_header(
    columns: list[str], header: tuple[str, ...], path: pathlib.Path, number: int
) -> None:
    """Checks the first line with content of a file that has a header.

    Raises:
        DataError: It is not the expected one, for instance because the header is missing.
    """
    if tuple(columns) != header:
        raise data_error(
            path,
            f"the header is {quoted(','.join(columns))}, expected {','.join(header)!r}",
            "Restore the header, with commas between the names.",
            number,
        )


def wrong_column_count(
    text: str, found: int, wanted: int, delimiter: str, path: pathlib.Path, number: int
) -> DataError:
    """Returns the error for a line with too few or too many columns, guessing the delimiter."""
    others = [
        name
        for other, name in DELIMITERS.items()
        if other != delimiter and len(text.split(other)) == wanted
    ]
    hint = f"Columns seem to be separated by {others[0]}; use" if others else "Separate them by"
    return data_error(
        path,
        f"{found} columns instead of {wanted} in {quoted(text)}",
        f"{hint} {DELIMITERS[delimiter]}.",
        number,
    )


def quoted(text: str) -> str:
    """Returns a line as an error message shows it: in quotes, cut when it is long."""
    return repr(text if len(text) <= QUOTED_LINE_LENGTH else text[:QUOTED_LINE_LENGTH] + "…")
