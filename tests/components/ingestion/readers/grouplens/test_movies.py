import dataclasses

import pytest

from components.ingestion import tables
from components.ingestion.faults import DataErrors
from components.ingestion.readers.grouplens import detect
from components.ingestion.readers.grouplens.movies import year_of
from transform import datasets

LAYOUTS = ("ml-100k", "ml-1m", "ml-10m", "csv")


def read_movies(layout):
    """The items of a release by column, whatever is rated."""
    definition = datasets.load("movielens")
    event = dataclasses.replace(definition.event, unknown_item="drop")
    definition = dataclasses.replace(definition, event=event)
    return tables.read(layout.movies.parent, definition).items.to_pydict()


@pytest.fixture(params=LAYOUTS)
def layout(request, tmp_path, write_checkerboard):
    return detect(write_checkerboard(tmp_path, layout=request.param, movies=5))


def row(layout, movie="9", title="Heat (1995)", genres="Action|Crime"):
    """One line of the movies file of a layout."""
    if layout.name == "ml-100k":
        flags = "0|1|0|0|0|0|1|0|0|0|0|0|0|0|0|0|0|0|0"
        return f"{movie}|{title}|01-Jan-1995||http://|{flags}"
    return (layout.delimiter).join([movie, title, genres])


def append(layout, *lines):
    with layout.movies.open("ab") as file:
        for line in lines:
            file.write(line.encode(layout.encoding) + b"\n")


def first_line(layout):
    """The line on which the first of five movies is, so that the next free one is five later."""
    return 1 + bool(layout.aliases)


def test_reads_the_same_from_every_layout(layout):
    movies = read_movies(layout)

    assert movies["item_id"] == ["1", "2", "3", "4", "5"]
    assert movies["title"] == [
        "Misérables, Les (1995)",
        'Three "Quoted" Words: The Movie (1982)',
        "Without a Year",
        "Movie 4 (1934)",
        "Movie 5 (1935)",
    ]
    assert movies["genres"] == [
        ["Drama"],
        ["Comedy", "Film-Noir"],
        [],
        ["Comedy"],
        ["Drama", "Film-Noir"],
    ]
    assert movies["year"] == [1995, 1982, None, 1934, 1935]


def test_the_reduced_copy_of_ml_100k_reads_the_same(tmp_path, write_checkerboard):
    layout = detect(write_checkerboard(tmp_path))
    whole = read_movies(layout)
    text = layout.movies.read_bytes().replace(b"01-Jan-1995||http://", b"||")
    layout.movies.write_bytes(text)

    reduced = read_movies(layout)

    assert reduced == whole


def test_one_movie_is_a_catalogue(layout):
    header = b"movieId,title,genres\r\n" if layout.aliases else b""
    layout.movies.write_bytes(header + row(layout, movie="1").encode() + b"\n")

    movies = read_movies(layout)

    assert (movies["item_id"], movies["title"]) == (["1"], ["Heat (1995)"])
    assert movies["genres"] == [["Action", "Crime"]]


def test_blanks_around_a_title_are_cut(layout):
    append(layout, row(layout, title="Two Friends (1986) "))

    movies = read_movies(layout)

    assert (movies["title"][-1], movies["year"][-1]) == ("Two Friends (1986)", 1986)


@pytest.mark.parametrize(
    ("title", "year"),
    [
        ("Heat (1995)", 1995),
        ("Associate, The (L'Associe)(1982)", 1982),
        ("Two Friends (1986) ", 1986),
        ("Land Before Time III: The Time of the Great Giving (1995) (V)", 1995),
        ("2001: A Space Odyssey (1968)", 1968),
        ("Castle building set (6080)", None),
        ("unknown", None),
        ("1984", None),
        ("Death Note (2006-2007)", None),
        ("(500) Days of Summer", None),
        ("", None),
    ],
)
def test_year_of(title, year):
    assert year_of(title) == year


def test_ids_are_kept_as_they_are_written(layout):
    append(layout, row(layout, movie="0009"), row(layout, movie=" nine "))

    assert read_movies(layout)["item_id"][-2:] == ["0009", "nine"]


def test_blanks_around_genres_are_cut(tmp_path, write_checkerboard):
    layout = detect(write_checkerboard(tmp_path, layout="ml-1m", movies=5))
    append(layout, row(layout, genres="Drama | War||unknown|Drama"))

    assert read_movies(layout)["genres"][-1] == ["Drama", "War"]


def test_words_of_a_title_are_those_without_the_year(layout):
    append(
        layout,
        row(layout, title="Castle building set (6080)"),
        row(layout, movie="10", title="Heat (1995) (TV)"),
    )

    assert read_movies(layout)["title_words"] == [
        "Misérables, Les",
        'Three "Quoted" Words: The Movie',
        "Without a Year",
        "Movie 4",
        "Movie 5",
        "Castle building set (6080)",
        "Heat (1995) (TV)",
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"movie": ""}, "movie_id is empty. Correct or remove"),
        ({"title": " "}, "title is empty: no title. Add the title"),
        ({"movie": "1"}, r"movie 1 is already on line {first}\. Keep one of the two"),
    ],
    ids=["no-id", "blank-title", "listed-twice"],
)
def test_names_file_line_value_and_remedy(layout, changes, message):
    append(layout, "", row(layout, **changes))

    first = first_line(layout)
    with pytest.raises(
        DataErrors, match=rf"{layout.movies.name}, line {first + 6}: {message.format(first=first)}"
    ):
        read_movies(layout)


def test_names_the_number_of_columns(layout):
    append(layout, row(layout) + layout.delimiter)
    with pytest.raises(
        DataErrors, match=rf"line {first_line(layout) + 5}: (4|25) columns instead of (3|24) in '9"
    ):
        read_movies(layout)


@pytest.mark.parametrize(
    ("layout_name", "line", "message"),
    [
        ("ml-100k", "1::Heat (1995)::Action", "1 columns instead of 24"),
        ("ml-1m", "1|Heat (1995)|Action", "separated by '|'; use '::'"),
        ("ml-10m", "1\tHeat (1995)\tAction", "separated by tabs; use '::'"),
        ("csv", "1;Heat (1995);Action", "separated by ';'; use ','"),
    ],
)
def test_guesses_the_wrong_delimiter(tmp_path, write_checkerboard, layout_name, line, message):
    layout = detect(write_checkerboard(tmp_path, layout=layout_name))
    append(layout, line)

    with pytest.raises(DataErrors) as error:
        read_movies(layout)
    assert message in str(error.value)


def test_refuses_a_genre_flag_that_is_none(tmp_path, write_checkerboard):
    layout = detect(write_checkerboard(tmp_path, layout="ml-100k", movies=1))
    append(layout, row(layout)[:-1] + "yes")

    with pytest.raises(DataErrors, match=r"u\.item, line 2: genre flag 'yes' is neither 0 nor 1"):
        read_movies(layout)


@pytest.mark.parametrize("layout_name", ["ml-100k", "ml-1m"])
def test_refuses_utf_8_where_latin_1_is_expected(tmp_path, write_checkerboard, layout_name):
    layout = detect(write_checkerboard(tmp_path, layout=layout_name))
    layout.movies.write_text(layout.movies.read_text("latin-1"), "utf-8")

    with pytest.raises(DataErrors, match=r"line 1: .*Misérables.* is UTF-8, not latin-1\. Take"):
        read_movies(layout)


@pytest.mark.parametrize(
    ("layout_name", "remedy"),
    [("ml-10m", r"its users\.dat is missing"), ("csv", "Save the file as UTF-8")],
)
def test_refuses_latin_1_where_utf_8_is_expected(tmp_path, write_checkerboard, layout_name, remedy):
    layout = detect(write_checkerboard(tmp_path, layout=layout_name))
    text = layout.movies.read_text("utf-8")
    layout.movies.write_text(text, "latin-1")

    with pytest.raises(DataErrors, match=rf"line \d: broken UTF-8: .*\\xe9.*{remedy}"):
        read_movies(layout)


def test_refuses_a_quote_that_is_never_closed(tmp_path, write_checkerboard):
    layout = detect(write_checkerboard(tmp_path, layout="csv", movies=1))
    append(layout, '9,"Heat (1995),Action')

    with pytest.raises(
        DataErrors, match=r"movies\.csv, line 3: a quote that is opened here is nev"
    ):
        read_movies(layout)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n", r"no rows in the file"),
        (b"\xff\xfe1\x00\n\x00", "is not UTF-8 but UTF-16"),
    ],
    ids=["empty", "blank", "utf-16"],
)
def test_refuses_a_file_that_starts_wrong(layout, content, message):
    layout.movies.write_bytes(content)

    with pytest.raises(DataErrors, match=message):
        read_movies(layout)


def test_refuses_a_missing_header(tmp_path, write_checkerboard):
    layout = detect(write_checkerboard(tmp_path, layout="csv"))
    layout.movies.write_text("1,Heat (1995),Action\n2,Ronin (1998),Action\n")

    with pytest.raises(DataErrors, match="no column 'movieId'; there are 1, Heat"):
        read_movies(layout)
