"""What a single value may be."""

import pathlib
import re

from components.ingestion.readers.grouplens.errors import data_error

MAX_ID = 2**31 - 1  # two ids fit one int64, which is how duplicates are found
MIN_RATING, MAX_RATING = 0.5, 5.0
MIN_TIMESTAMP = 631_152_000  # 1990-01-01 UTC; GroupLens' first rating is of 1995
MAX_TIMESTAMP = 4_102_444_800  # 2100-01-01 UTC, exclusive
MAX_AGE = 120

_WHOLE_NUMBER = re.compile(r"\d{1,18}", re.ASCII)


def parse_id(text: str, column: str, path: pathlib.Path, line_number: int) -> int:
    """Returns an id as a number.

    Raises:
        DataError: It is not a whole number from 0 to `MAX_ID`.
    """
    if not _WHOLE_NUMBER.fullmatch(text) or int(text) > MAX_ID:
        raise data_error(
            path,
            f"{column} {text!r} is not a whole number from 0 to {MAX_ID}",
            "Correct or remove the line.",
            line_number,
        )
    return int(text)


def parse_age(text: str, path: pathlib.Path, line_number: int) -> int:
    """Returns an age in years.

    Raises:
        DataError: It is not a whole number from 0 to `MAX_AGE`.
    """
    if not _WHOLE_NUMBER.fullmatch(text) or int(text) > MAX_AGE:
        raise data_error(
            path,
            f"age {text!r} is not a whole number from 0 to {MAX_AGE}",
            "Correct the age or remove the user.",
            line_number,
        )
    return int(text)
