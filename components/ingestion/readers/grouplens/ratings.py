"""The ratings, millions of lines: read and checked by column, by line only to find a fault."""

import datetime
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from components.ingestion.readers.grouplens.errors import DataError, data_error
from components.ingestion.readers.grouplens.layout import Layout
from components.ingestion.readers.grouplens.lines import (
    check_header,
    check_start,
    decode,
    raw_lines,
    read_rows,
)
from components.ingestion.readers.grouplens.tables import Ratings
from components.ingestion.readers.grouplens.values import (
    MAX_ID,
    MAX_RATING,
    MAX_TIMESTAMP,
    MIN_RATING,
    MIN_TIMESTAMP,
    parse_id,
)

COLUMNS = {
    "user_id": pa.int64(),
    "movie_id": pa.int64(),
    "rating": pa.float32(),
    "timestamp": pa.int64(),
}


def read_ratings(layout: Layout) -> Ratings:
    """Reads and checks the ratings file of a release.

    Returns:
        The ratings in file order.

    Raises:
        DataError: The file is missing or malformed, an id is not a whole number from 0 to
            2,147,483,647, a rating is not from 0.5 to 5, a timestamp is not in seconds of 1990 to
            2099, or a user rated a movie twice.
    """
    check_start(layout.ratings)
    try:
        table = _parse(layout, skip=_header_end(layout))
    except pa.ArrowInvalid as error:
        raise _diagnose(layout, str(error)) from error
    if not table.num_rows or any(table[name].null_count for name in COLUMNS):
        raise _diagnose(layout, "a value is missing")
    ratings = Ratings(layout=layout, **{name: table[name].to_numpy() for name in COLUMNS})
    _check_values(ratings)
    _check_duplicates(ratings)
    return ratings


def line_of(layout: Layout, row: int) -> tuple[int, str]:
    """Returns the 1-based number and the text of the line that holds a row of the ratings."""
    skip = 1 if layout.ratings_header else 0
    for index, (number, line) in enumerate(raw_lines(layout.ratings)):
        if index == row + skip:
            return number, line.decode("latin-1")
    raise IndexError(f"{layout.ratings} has no row {row}.")


def row_error(layout: Layout, row: int, problem: str, remedy: str) -> DataError:
    """Returns the error for one row of the ratings, its line found and quoted."""
    number, text = line_of(layout, row)
    return data_error(layout.ratings, f"{problem} in {text!r}", remedy, number)


def _header_end(layout: Layout) -> int:
    """Returns the number of the line that holds the header, 0 where the layout has none.

    Raises:
        DataError: The header is missing or another one.
    """
    if not layout.ratings_header:
        return 0
    number, line = next(raw_lines(layout.ratings), (1, b""))
    columns = decode(line, "utf-8", layout.ratings, number).split(layout.ratings_delimiter)
    check_header(columns, layout.ratings_header, layout.ratings, number)
    return number


def _parse(layout: Layout, skip: int) -> pa.Table:
    """Returns a table with `COLUMNS`, read from the line after `skip`.

    pyarrow knows no delimiter of two characters: a `::` file is read as separated by `:`, with a
    column between every two that must be empty.
    """
    names = list(COLUMNS)
    types = dict(COLUMNS)
    if layout.ratings_delimiter == "::":
        gaps = [f"gap_{index}" for index in range(1, len(COLUMNS))]
        names = [names[0], *(name for pair in zip(gaps, names[1:], strict=True) for name in pair)]
        types |= dict.fromkeys(gaps, pa.null())
    return pyarrow.csv.read_csv(
        layout.ratings,
        read_options=pyarrow.csv.ReadOptions(column_names=names, skip_rows=skip),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=layout.ratings_delimiter[0],
            quote_char='"' if layout.ratings_delimiter == "," else False,
        ),
        convert_options=pyarrow.csv.ConvertOptions(column_types=types, null_values=[""]),
    )


def _diagnose(layout: Layout, reason: str) -> DataError:
    """Returns the error for the first line that a parser of whole columns stumbled over."""
    try:
        for number, (user, movie, rating, timestamp) in read_rows(
            layout.ratings,
            delimiter=layout.ratings_delimiter,
            encoding="utf-8",
            column_count=len(COLUMNS),
            header=layout.ratings_header,
        ):
            parse_id(user, "user id", layout.ratings, number)
            parse_id(movie, "movie id", layout.ratings, number)
            _parse_number(float, rating, "rating", layout, number)
            _parse_number(int, timestamp, "timestamp", layout, number)
    except DataError as error:
        return error
    return data_error(layout.ratings, reason, "Unpack the release anew.")


def _parse_number(
    parse: Callable[[str], float], text: str, column: str, layout: Layout, line_number: int
) -> None:
    try:
        parse(text)
    except ValueError as error:
        raise data_error(
            layout.ratings,
            f"{column} {text!r} is not a number",
            "Correct or remove the line.",
            line_number,
        ) from error


def _check_values(ratings: Ratings) -> None:
    remedy = "Correct or remove the line."
    for name, ids in (("user id", ratings.user_id), ("movie id", ratings.movie_id)):
        row = _first((ids < 0) | (ids > MAX_ID))
        if row is not None:
            problem = f"{name} {ids[row]} is not a whole number from 0 to {MAX_ID}"
            raise row_error(ratings.layout, row, problem, remedy)
    stars = ratings.rating
    row = _first(~((stars >= MIN_RATING) & (stars <= MAX_RATING)))  # NaN fails both comparisons
    if row is not None:
        problem = f"rating {stars[row]} is not from {MIN_RATING} to {MAX_RATING}"
        raise row_error(ratings.layout, row, problem, remedy)
    seconds = ratings.timestamp
    row = _first((seconds < MIN_TIMESTAMP) | (seconds >= MAX_TIMESTAMP))
    if row is not None:
        problem = f"timestamp {seconds[row]} is not in seconds of the years 1990 to 2099"
        raise row_error(ratings.layout, row, problem, _timestamp_remedy(int(seconds[row])))


def _timestamp_remedy(timestamp: int) -> str:
    for unit, factor in (("milliseconds", 10**3), ("microseconds", 10**6), ("nanoseconds", 10**9)):
        if MIN_TIMESTAMP <= timestamp // factor < MAX_TIMESTAMP:
            moment = datetime.datetime.fromtimestamp(timestamp // factor, datetime.timezone.utc)
            return f"In {unit} it is {moment:%Y-%m-%d}: divide by {factor}."
    return "Correct or remove the line."


def _check_duplicates(ratings: Ratings) -> None:
    pairs = ratings.user_id << 32 | ratings.movie_id
    ordered = np.sort(pairs)
    if not (ordered[1:] == ordered[:-1]).any():
        return
    order = np.argsort(pairs, kind="stable")
    repeated = order[1:][pairs[order[1:]] == pairs[order[:-1]]]
    second = int(repeated.min())
    first = int(np.flatnonzero(pairs == pairs[second])[0])
    first_line, _ = line_of(ratings.layout, first)
    raise row_error(
        ratings.layout,
        second,
        f"user {ratings.user_id[second]} already rated movie {ratings.movie_id[second]} "
        f"on line {first_line}; again",
        "Keep one of the two lines.",
    )


def _first(mask: npt.NDArray[np.bool_]) -> int | None:
    """Returns the first row where a mask holds, None where it never does."""
    row = int(mask.argmax())
    return row if mask[row] else None
