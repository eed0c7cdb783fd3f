import pytest

from components.ingestion import tables
from components.ingestion.faults import DataErrors
from components.ingestion.readers.grouplens import detect
from transform import datasets

LAYOUTS = ("ml-100k", "ml-1m", "ml-10m", "csv")


@pytest.fixture(params=LAYOUTS)
def layout(request, tmp_path, write_checkerboard):
    return detect(write_checkerboard(tmp_path, layout=request.param, users=3, movies=6))


def check(layout):
    tables.read(layout.ratings.parent, datasets.load("movielens"))


def append(path, delimiter, *columns):
    with path.open("a") as file:
        file.write(delimiter.join(columns) + "\n")


def next_line(path):
    return path.read_bytes().count(b"\n") + 1


def test_a_sound_release_passes(layout):
    check(layout)


def test_one_user_and_one_movie_pass(tmp_path, write_checkerboard):
    check(detect(write_checkerboard(tmp_path, users=1, movies=1)))


def test_unrated_movies_and_users_without_ratings_pass(layout):
    lines = layout.ratings.read_bytes().splitlines(keepends=True)
    layout.ratings.write_bytes(b"".join(lines[: 1 + bool(layout.aliases)]))

    check(layout)


def test_names_the_rating_whose_movie_is_not_listed(layout):
    expected = next_line(layout.ratings)
    append(layout.ratings, layout.ratings_delimiter, "1", "77", "4", "978300760")

    with pytest.raises(
        DataErrors,
        match=rf"{layout.ratings.name}, line {expected}: movie 77 is not in {layout.movies.name}, "
        r"but has an event. Add the movie there",
    ):
        check(layout)


def test_names_the_rating_whose_user_is_not_listed(layout):
    expected = next_line(layout.ratings)
    append(layout.ratings, layout.ratings_delimiter, "88", "1", "4", "978300760")

    if layout.users is None:
        check(layout)
        return
    with pytest.raises(
        DataErrors,
        match=rf"{layout.ratings.name}, line {expected}: user 88 is not in {layout.users.name}, "
        r"but has an event. Add the user there",
    ):
        check(layout)
