import numpy as np
import pytest

from components.ingestion.readers.grouplens import DataError, detect, read_ratings

LAYOUTS = ("ml-100k", "ml-1m", "ml-10m", "csv")
DELIMITERS = {"ml-100k": "\t", "ml-1m": "::", "ml-10m": "::", "csv": ","}
HEADER = "userId,movieId,rating,timestamp"


@pytest.fixture(params=LAYOUTS)
def layout(request, tmp_path, write_checkerboard):
    return detect(write_checkerboard(tmp_path, layout=request.param))


def write(layout, rows, line_end="\n"):
    """Replaces the ratings of a release by rows of text, after the header where there is one."""
    lines = [DELIMITERS[layout.name].join(row) if isinstance(row, tuple) else row for row in rows]
    if layout.ratings_header:
        lines = [HEADER, *lines]
    layout.ratings.write_bytes("".join(line + line_end for line in lines).encode())


def line(layout, number):
    """The line on which row `number` (1-based) of a file without blank lines is."""
    return number + bool(layout.ratings_header)


GOOD = ("7", "2", "4", "978300760")
OTHER = ("7", "1", "0.5", "978300000")


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["unix", "windows"])
def test_reads_the_columns_in_file_order(layout, line_end):
    write(layout, [GOOD, OTHER, ("1", "2147483647", "5.0", "4102444799")], line_end)

    ratings = read_ratings(layout)

    assert ratings.user_id.tolist() == [7, 7, 1]
    assert ratings.movie_id.tolist() == [2, 1, 2147483647]
    assert ratings.rating.tolist() == [4.0, 0.5, 5.0]
    assert ratings.timestamp.tolist() == [978300760, 978300000, 4102444799]
    assert ratings.rating.dtype == np.float32
    assert {ratings.user_id.dtype, ratings.movie_id.dtype, ratings.timestamp.dtype} == {
        np.dtype(np.int64)
    }


def test_reads_the_same_from_every_layout(tmp_path, write_checkerboard):
    first, *others = (
        read_ratings(detect(write_checkerboard(tmp_path / name, layout=name, users=9, movies=7)))
        for name in ("ml-10m", "csv")
    )
    for other in others:
        for name in ("user_id", "movie_id", "rating"):
            np.testing.assert_array_equal(getattr(first, name), getattr(other, name))


def test_the_generated_ratings_are_a_checkerboard(layout):
    ratings = read_ratings(layout)

    assert len(ratings.rating) == 20 * 10
    np.testing.assert_array_equal(ratings.user_id % 2, ratings.movie_id % 2)


def test_a_single_rating_is_a_release(layout):
    write(layout, [GOOD])

    assert read_ratings(layout).user_id.tolist() == [7]


def test_blank_lines_and_a_missing_last_line_end_are_harmless(layout):
    write(layout, [GOOD, "", OTHER])
    layout.ratings.write_bytes(layout.ratings.read_bytes().rstrip(b"\n"))

    assert read_ratings(layout).movie_id.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("x1", "3", "4", "978300760"), "user id 'x1' is not a whole number"),
        (("", "3", "4", "978300760"), "user id '' is not a whole number"),
        (("1", "3.5", "4", "978300760"), "movie id '3.5' is not a whole number"),
        (("1", "9" * 30, "4", "978300760"), "movie id '9{30}' is not a whole number"),
        (("1", "3", "good", "978300760"), "rating 'good' is not a number"),
        (("1", "3", "", "978300760"), "rating '' is not a number"),
        (("1", "3", "4", "yesterday"), "timestamp 'yesterday' is not a number"),
        (("1", "3", "4", ""), "timestamp '' is not a number"),
        (("-1", "3", "4", "978300760"), "user id -1 is not a whole number from 0"),
        (("1", "2147483648", "4", "978300760"), "movie id 2147483648 is not a whole number from 0"),
        (("1", "3", "0", "978300760"), "rating 0.0 is not from 0.5 to 5.0"),
        (("1", "3", "5.5", "978300760"), "rating 5.5 is not from 0.5 to 5.0"),
        (("1", "3", "-1", "978300760"), "rating -1.0 is not from"),
        (("1", "3", "nan", "978300760"), "rating nan is not from"),
        (("1", "3", "inf", "978300760"), "rating inf is not from"),
        (("1", "3", "4", "-5"), "timestamp -5 is not in seconds of the years 1990 to 2099"),
        (("1", "3", "4", "631151999"), "timestamp 631151999 is not in seconds"),
        (("1", "3", "4", "4102444800"), "timestamp 4102444800 is not in seconds"),
        (
            ("1", "3", "4", "978300760000"),
            "timestamp 978300760000 .* In milliseconds it is 2000-12-31: divide by 1000",
        ),
        (("1", "3", "4"), "3 columns instead of 4"),
        (("1", "3", "4", "978300760", "9"), "5 columns instead of 4"),
        ("1;3;4;978300760", "1 columns instead of 4 .* seem to be separated by ';'; use"),
        ("no columns here", "1 columns instead of 4 .* Separate them by"),
        (GOOD, "user 7 already rated movie 2 on line {first}; again in"),
    ],
    ids=[
        "letters-in-user",
        "no-user",
        "fraction-in-movie",
        "movie-beyond-int64",
        "rating-in-words",
        "no-rating",
        "timestamp-in-words",
        "no-timestamp",
        "negative-user",
        "movie-beyond-32-bits",
        "rating-too-low",
        "rating-too-high",
        "rating-negative",
        "rating-nan",
        "rating-infinite",
        "timestamp-negative",
        "timestamp-before-1990",
        "timestamp-after-2099",
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
    with pytest.raises(DataError, match=rf"(?s){layout.ratings.name}, line \d+: .*{message}.*\.$"):
        read_ratings(layout)
    with pytest.raises(DataError, match=rf"line {line(layout, 4)}: "):
        read_ratings(layout)


def test_one_colon_in_place_of_two_is_found(tmp_path, write_checkerboard):
    layout = detect(write_checkerboard(tmp_path, layout="ml-1m"))
    write(layout, [GOOD, "1::3:x:4::978300760"])

    with pytest.raises(DataError, match=r"ratings\.dat, line 2: 3 columns instead of 4"):
        read_ratings(layout)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"the file is empty\. Unpack"),
        (b"\n\n", r"(no rows in the file|the header is '')"),
        (b"\xef\xbb\xbf1", r"line 1: starts with a byte order mark .* Save the file without"),
        (b"\xff\xfe1\x00", r"line 1: starts with a byte order mark"),
    ],
    ids=["empty", "blank-lines-only", "utf-8-mark", "utf-16-mark"],
)
def test_refuses_a_file_that_starts_wrong(layout, content, message):
    layout.ratings.write_bytes(content)

    with pytest.raises(DataError, match=message):
        read_ratings(layout)


def test_broken_utf_8_is_found(layout):
    write(layout, [GOOD])
    layout.ratings.write_bytes(layout.ratings.read_bytes() + b"\xe9\n")

    with pytest.raises(DataError, match=rf"line {line(layout, 2)}: broken UTF-8: .*\\xe9"):
        read_ratings(layout)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("1,2,4,978300760", r"line 1: the header is '1,2,4,978300760', expected 'userId,"),
        ("userId;movieId;rating;timestamp", r"the header is 'userId;movieId.* with commas between"),
        ("user,movie,rating,timestamp", r"the header is 'user,movie"),
    ],
    ids=["none", "semicolons", "other-names"],
)
def test_refuses_another_header(tmp_path, write_checkerboard, header, message):
    layout = detect(write_checkerboard(tmp_path, layout="csv"))
    layout.ratings.write_text(f"{header}\n1,3,4,978300760\n")

    with pytest.raises(DataError, match=message):
        read_ratings(layout)


def test_a_header_alone_is_no_release(tmp_path, write_checkerboard):
    layout = detect(write_checkerboard(tmp_path, layout="csv"))
    write(layout, [])

    with pytest.raises(DataError, match=r"ratings\.csv: no rows in the file"):
        read_ratings(layout)


def test_blank_lines_before_the_header_count(tmp_path, write_checkerboard):
    layout = detect(write_checkerboard(tmp_path, layout="csv"))
    layout.ratings.write_text(f"\n{HEADER}\n7,2,4,978300760\n7,3,9,978300760\n")

    with pytest.raises(DataError, match=r"line 4: rating 9\.0"):
        read_ratings(layout)
