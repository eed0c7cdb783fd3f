"""Who the users are, for the releases that say so."""

import numpy as np

from components.ingestion.readers.grouplens.errors import data_error
from components.ingestion.readers.grouplens.layout import Layout
from components.ingestion.readers.grouplens.lines import read_rows
from components.ingestion.readers.grouplens.tables import Users
from components.ingestion.readers.grouplens.values import parse_age, parse_id


def read_users(layout: Layout) -> Users | None:
    """Reads and checks the users file of a release; None where the release has none.

    Raises:
        DataError: The file is missing or malformed, an id is not a number or comes twice, an age is
            not a number of years, or a gender neither F nor M.
    """
    if layout.users is None:
        return None
    line_by_id: dict[int, int] = {}
    ages: list[int] = []
    genders: list[str] = []
    occupations: list[str] = []
    zips: list[str] = []
    for line_number, columns in read_rows(
        layout.users, delimiter=layout.delimiter, encoding=layout.encoding, column_count=5
    ):
        if layout.name == "ml-100k":
            user, age, gender, occupation, zip_code = columns
        else:
            user, gender, age, occupation, zip_code = columns
        user_id = parse_id(user, "user id", layout.users, line_number)
        if user_id in line_by_id:
            raise data_error(
                layout.users,
                f"user {user_id} is already on line {line_by_id[user_id]}",
                "Keep one of the two lines.",
                line_number,
            )
        if gender not in ("F", "M"):
            raise data_error(
                layout.users, f"gender {gender!r} is neither F nor M", "Correct it.", line_number
            )
        line_by_id[user_id] = line_number
        ages.append(parse_age(age, layout.users, line_number))
        genders.append(gender)
        occupations.append(occupation)
        zips.append(zip_code)
    return Users(
        user_id=np.fromiter(line_by_id, np.int64, len(line_by_id)),
        age=np.array(ages, np.int64),
        gender=genders,
        occupation=occupations,
        zip=zips,
    )
