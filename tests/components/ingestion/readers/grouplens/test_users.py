import pytest

from components.ingestion.readers.grouplens import DataError, detect, read_users


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
    write(layout, row(layout), row(layout, "3", "1", "M", "writer", "T8H1N"))

    users = read_users(layout)

    assert users.user_id.tolist() == [9, 3]
    assert users.age.tolist() == [25, 1]
    assert users.gender == ["F", "M"]
    assert users.occupation == ["4", "writer"]
    assert users.zip == ["02139", "T8H1N"]


@pytest.mark.parametrize("name", ["ml-10m", "csv"])
def test_other_releases_have_no_users(tmp_path, write_checkerboard, name):
    assert read_users(detect(write_checkerboard(tmp_path, layout=name))) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"user": "nine"}, "user id 'nine' is not a whole number"),
        ({"age": "young"}, "age 'young' is not a whole number from 0 to 120. Correct the age"),
        ({"age": ""}, "age '' is not a whole number"),
        ({"age": "-1"}, "age '-1' is not a whole number"),
        ({"age": "121"}, "age '121' is not a whole number from 0 to 120"),
        ({"gender": "x"}, "gender 'x' is neither F nor M"),
        ({"user": "1"}, "user 1 is already on line 1. Keep one"),
        ({"zip_code": "02139|1::1"}, "6 columns instead of 5"),
    ],
    ids=[
        "id-in-words",
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

    with pytest.raises(DataError) as error:
        read_users(layout)
    assert f"{layout.users}, line 3: {message}" in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "the file is empty"), (b"\xef\xbb\xbf1", "line 1: starts with a byte order mark")],
    ids=["empty", "byte-order-mark"],
)
def test_refuses_a_file_that_starts_wrong(layout, content, message):
    layout.users.write_bytes(content)

    with pytest.raises(DataError, match=message):
        read_users(layout)
