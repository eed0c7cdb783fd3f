import dataclasses

import numpy as np
import pyarrow as pa
import pytest

from components.ingestion import tables
from components.ingestion.faults import DataErrors
from components.ingestion.readers.grouplens import detect
from transform import datasets

LAYOUTS = ("ml-100k", "ml-1m", "ml-10m", "csv")
DELIMITERS = {"ml-100k": "\t", "ml-1m": "::", "ml-10m": "::", "csv": ","}
HEADER = "userId,movieId,rating,timestamp"
NOW = 1_700_000_000


@pytest.fixture(params=LAYOUTS)
def layout(request, tmp_path, write_checkerboard):
    return detect(write_checkerboard(tmp_path, layout=request.param))


def write(layout, rows, line_end="\n"):
    """Replaces the ratings of a release by rows of text, after the header where there is one."""
    lines = [DELIMITERS[layout.name].join(row) if isinstance(row, tuple) else row for row in rows]
    if layout.aliases:
        lines = [HEADER, *lines]
    layout.ratings.write_bytes("".join(line + line_end for line in lines).encode())


def read_ratings(layout, now=NOW):
    """The events of a release, whatever movies and users are listed."""
    definition = datasets.load("movielens")
    event = dataclasses.replace(definition.event, unknown_item="keep", unknown_user="keep")
    definition = dataclasses.replace(definition, event=event)
    return tables.read(layout.ratings.parent, definition, now).events


def column(ratings, name):
    return ratings.column(name).to_pylist()


def line(layout, number):
    """The line on which row `number` (1-based) of a file without blank lines is."""
    return number + bool(layout.aliases)


GOOD = ("7", "2", "4", "978300760")
OTHER = ("7", "1", "0.5", "978300000")


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["unix", "windows"])
def test_reads_the_columns_in_file_order(layout, line_end):
    write(layout, [GOOD, OTHER, ("01", "9999999999", "5.0", "1700086400")], line_end)

    ratings = read_ratings(layout)

    assert column(ratings, "user_id") == ["7", "7", "01"]
    assert column(ratings, "item_id") == ["2", "1", "9999999999"]
    assert column(ratings, "rating") == [4.0, 0.5, 5.0]
    assert column(ratings, "time") == [978300760, 978300000, 1700086400]
    assert ratings.schema.types == [
        pa.dictionary(pa.int32(), pa.string()),
        pa.dictionary(pa.int32(), pa.string()),
        pa.int64(),
        pa.float32(),
    ]


def test_reads_the_same_from_every_layout(tmp_path, write_checkerboard):
    first, other = (
        read_ratings(detect(write_checkerboard(tmp_path / name, layout=name, users=9, movies=7)))
        for name in ("ml-10m", "csv")
    )
    for name in ("user_id", "item_id", "rating"):
        assert column(first, name) == column(other, name)


def test_the_generated_ratings_are_a_checkerboard(layout):
    ratings = read_ratings(layout)

    assert ratings.num_rows == 20 * 10
    parity = (np.array(column(ratings, name), np.int64) % 2 for name in ("user_id", "item_id"))
    np.testing.assert_array_equal(*parity)


def test_a_single_rating_is_a_release(layout):
    write(layout, [GOOD])

    assert column(read_ratings(layout), "user_id") == ["7"]


def test_blank_lines_and_a_missing_last_line_end_are_harmless(layout):
    write(layout, [GOOD, "", OTHER])
    layout.ratings.write_bytes(layout.ratings.read_bytes().rstrip(b"\n"))

    assert column(read_ratings(layout), "item_id") == ["2", "1"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("", "3", "4", "978300760"), "user_id is empty"),
        (("1", " ", "4", "978300760"), "movie_id is empty"),
        (("1", "3", "good", "978300760"), "rating 'good' is not a number"),
        (("1", "3", "", "978300760"), "rating '' is missing"),
        (("1", "3", "4", "yesterday"), "timestamp 'yesterday' is not a number"),
        (("1", "3", "4", ""), "timestamp is empty, but required"),
        (("1", "3", "0", "978300760"), "rating 0 is not from 0.5 to 5"),
        (("1", "3", "5.5", "978300760"), "rating 5.5 is not from 0.5 to 5"),
        (("1", "3", "-1", "978300760"), "rating -1 is not from"),
        (("1", "3", "nan", "978300760"), "rating 'nan' is not a number"),
        (("1", "3", "inf", "978300760"), "rating inf is not from"),
        (("1", "3", "4", "-5"), "timestamp -5 is 1969-12-31, before 1990-01-01"),
        (("1", "3", "4", "631151999"), "timestamp 631151999 is 1989-12-31, before 1990"),
        (("1", "3", "4", "1700086401"), "timestamp 1700086401 is 2023-11-15, later than now"),
        (
            ("1", "3", "4", "978300760000"),
            "timestamp 978300760000 is not in seconds; in milliseconds it is 2000-12-31",
        ),
        (("1", "3", "4"), "3 columns instead of 4"),
        (("1", "3", "4", "978300760", "9"), "5 columns instead of 4"),
        ("1;3;4;978300760", "1 columns instead of 4 .* seem to be separated by ';'; use"),
        ("no columns here", "1 columns instead of 4 .* (Separate them by|Use)"),
        (GOOD, "user 7 already has an event with movie 2 on line {first}. Keep one"),
    ],
    ids=[
        "no-user",
        "blank-movie",
        "rating-in-words",
        "no-rating",
        "timestamp-in-words",
        "no-timestamp",
        "rating-too-low",
        "rating-too-high",
        "rating-negative",
        "rating-nan",
        "rating-infinite",
        "timestamp-negative",
        "timestamp-before-1990",
        "timestamp-in-the-future",
        "timestamp-in-milliseconds",
        "too-few-columns",
        "too-many-columns",
        "wrong-delimiter",
        "no-delimiter",
        "rated-twice",
    ],
)
def test_names_file_line_value_and_remedy(layout, row, message):
    write(layout, [OTHER, GOOD, "", row, ("8", "2", "4", "978300760")])

    message = message.format(first=line(layout, 2)) if "{first}" in message else message
    with pytest.raises(DataErrors, match=rf"(?s){layout.ratings.name}, line \d+: .*{message}.*\.$"):
        read_ratings(layout)
    with pytest.raises(DataErrors, match=rf"line {line(layout, 4)}: "):
        read_ratings(layout)


def test_one_colon_in_place_of_two_is_found(tmp_path, write_checkerboard):
    layout = detect(write_checkerboard(tmp_path, layout="ml-1m"))
    write(layout, [GOOD, "1::3:x:4::978300760"])

    with pytest.raises(DataErrors, match=r"ratings\.dat, line 2: 3 columns instead of 4"):
        read_ratings(layout)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"the file is empty\. Unpack"),
        (b"\n\n", r"no rows in the file"),
        (b"\xff\xfe1\x00", r"is not UTF-8 but UTF-16.*Save it as UTF-8"),
        (b"7,2,4,978300760\r8,2,4,978300760\r", r"end in a lone carriage return.*line feeds"),
    ],
    ids=["empty", "blank-lines-only", "utf-16-mark", "old-mac"],
)
def test_refuses_a_file_that_starts_wrong(layout, content, message):
    layout.ratings.write_bytes(content)

    with pytest.raises(DataErrors, match=message):
        read_ratings(layout)


def test_broken_utf_8_is_found(layout):
    write(layout, [GOOD])
    layout.ratings.write_bytes(layout.ratings.read_bytes() + b"\xe9\n")

    with pytest.raises(DataErrors, match=rf"line {line(layout, 2)}: broken UTF-8: .*\\xe9"):
        read_ratings(layout)


def test_a_byte_order_mark_is_skipped(layout):
    write(layout, [GOOD])
    layout.ratings.write_bytes(b"\xef\xbb\xbf" + layout.ratings.read_bytes())

    assert column(read_ratings(layout), "user_id") == ["7"]


def test_all_faults_are_told_at_once(layout):
    write(layout, [("1", "3", "6", "9"), ("1", "3"), ("1", "", "4", "978300760"), GOOD])

    with pytest.raises(DataErrors) as error:
        read_ratings(layout)
    assert {fault.kind for fault in error.value.faults} == {
        "out-of-range",
        "too-early",
        "column-count",
        "missing-id",
    }


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("1,2,4,978300760", r"no column 'userId'; there are 1, 2, 4, 978300760\. The header seems"),
        ("userId;movieId;rating;timestamp", r"line 2: 1 columns instead of 4 .* by ','; use ';'"),
        ("user,movie,rating,timestamp", r"no column 'userId'; there are user, movie.*mean 'user'"),
    ],
    ids=["none", "semicolons", "other-names"],
)
def test_refuses_another_header(tmp_path, write_checkerboard, header, message):
    layout = detect(write_checkerboard(tmp_path, layout="csv"))
    layout.ratings.write_text(f"{header}\n1,3,4,978300760\n")

    with pytest.raises(DataErrors, match=message):
        read_ratings(layout)


def test_a_header_alone_is_no_release(tmp_path, write_checkerboard):
    layout = detect(write_checkerboard(tmp_path, layout="csv"))
    write(layout, [])

    with pytest.raises(DataErrors, match=r"ratings\.csv: no rows in the file"):
        read_ratings(layout)


def test_blank_lines_before_the_header_count(tmp_path, write_checkerboard):
    layout = detect(write_checkerboard(tmp_path, layout="csv"))
    layout.ratings.write_text(f"\n{HEADER}\n7,2,4,978300760\n7,3,9,978300760\n")

    with pytest.raises(DataErrors, match=r"line 4: rating 9 "):
        read_ratings(layout)
