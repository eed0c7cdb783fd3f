import pytest

from components.ingestion import tables
from components.ingestion.faults import DataErrors
from components.ingestion.readers.grouplens import detect
from transform import datasets


def read_users(layout):
    """The users of a release by column, None where it has none."""
    users = tables.read(layout.ratings.parent, datasets.load("movielens")).users
    return users and users.to_pydict()


@pytest.fixture(params=["ml-100k", "ml-1m"])
def layout(request, tmp_path, write_checkerboard):
    return detect(write_checkerboard(tmp_path, layout=request.param, users=2))


def row(layout, user="9", age="25", gender="F", occupation="4", zip_code="02139"):
    """One line of the users file of a layout."""
    first = [age, gender] if layout.name == "ml-100k" else [gender, age]
    return layout.delimiter.join([user, *first, occupation, zip_code])


def write(layout, *lines):
    layout.users.write_text("".join(f"{line}\n" for line in lines))


def test_reads_the_columns_in_file_order(layout):
    write(
        layout, row(layout, "1"), row(layout, "02", "1", "M", "writer", "T8H1N"), row(layout, "2")
    )

    users = read_users(layout)

    assert users["user_id"] == ["1", "02", "2"]
    assert users["age"] == [25, 1, 25]
    assert users["gender"] == ["F", "M", "F"]
    assert users["occupation"] == ["4", "writer", "4"]
    assert users["zip"] == ["02139", "T8H1N", "02139"]


@pytest.mark.parametrize("name", ["ml-10m", "csv"])
def test_other_releases_have_no_users(tmp_path, write_checkerboard, name):
    assert read_users(detect(write_checkerboard(tmp_path, layout=name))) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"user": ""}, "user_id is empty"),
        ({"age": "young"}, "age 'young' is not a number. Correct or remove the line"),
        ({"age": ""}, "age '' is missing"),
        ({"age": "-1"}, "age -1 is not from 0 to 120"),
        ({"age": "121"}, "age 121 is not from 0 to 120"),
        ({"gender": "x"}, "gender 'x' is not one of F, M"),
        ({"user": "1"}, "user 1 is already on line 1. Keep one"),
        ({"zip_code": "02139|1::1"}, "6 columns instead of 5"),
    ],
    ids=[
        "no-id",
        "age-in-words",
        "no-age",
        "negative-age",
        "age-too-high",
        "other-gender",
        "listed-twice",
        "too-many-columns",
    ],
)
def test_names_file_line_value_and_remedy(layout, changes, message):
    write(layout, row(layout, "1"), "", row(layout, **changes))

    with pytest.raises(DataErrors) as error:
        read_users(layout)
    assert f"{layout.users}, line 3: {message}" in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "the file is empty"), (b"\xfe\xff\x001", "is not UTF-8 but UTF-16")],
    ids=["empty", "utf-16"],
)
def test_refuses_a_file_that_starts_wrong(layout, content, message):
    layout.users.write_bytes(content)

    with pytest.raises(DataErrors, match=message):
        read_users(layout)
