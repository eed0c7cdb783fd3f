"""The catalogue: ids, titles, genres and years."""

import re

import numpy as np

from components.ingestion.readers.grouplens.errors import data_error
from components.ingestion.readers.grouplens.layout import Layout
from components.ingestion.readers.grouplens.lines import quoted, read_rows
from components.ingestion.readers.grouplens.tables import Movies
from components.ingestion.readers.grouplens.values import parse_id

NO_GENRES = ("(no genres listed)", "unknown", "")
FLAG_GENRES = (
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
)  # ml-100k: one column each, in this order
FLAGS_START = 5  # after id, title, release date, video release date and address
NO_YEAR = -1

_YEAR = re.compile(r"\((\d{4})\)\s*(\(TV\)|\(V\))?$", re.ASCII)


def read_movies(layout: Layout) -> Movies:
    """Reads and checks the movies file of a release.

    Of ml-100k, only the id, the title and the genre flags are read, so that a copy without release
    dates and addresses reads the same. A genre "unknown" or "(no genres listed)" counts as none.

    Raises:
        DataError: The file is missing or malformed, an id is not a number or comes twice, a title
            is empty, or a genre flag is not 0 or 1.
    """
    flags = layout.name == "ml-100k"
    line_by_id: dict[int, int] = {}
    titles: list[str] = []
    genres: list[list[str]] = []
    for line_number, columns in read_rows(
        layout.movies,
        delimiter=layout.delimiter,
        encoding=layout.encoding,
        column_count=FLAGS_START + len(FLAG_GENRES) if flags else 3,
        header=layout.movies_header,
    ):
        movie_id = parse_id(columns[0], "movie id", layout.movies, line_number)
        if movie_id in line_by_id:
            raise data_error(
                layout.movies,
                f"movie {movie_id} is already on line {line_by_id[movie_id]}",
                "Keep one of the two lines.",
                line_number,
            )
        title = columns[1].strip()
        if not title:
            raise data_error(
                layout.movies, f"movie {movie_id} has no title", "Add the title.", line_number
            )
        if flags:
            words = _flagged(columns[FLAGS_START:], layout, line_number)
        else:
            words = columns[2].split("|")
        line_by_id[movie_id] = line_number
        titles.append(title)
        genres.append([word for word in words if word not in NO_GENRES])
    return Movies(
        movie_id=np.fromiter(line_by_id, np.int64, len(line_by_id)),
        title=titles,
        genres=genres,
        year=np.array([year_of(title) for title in titles], np.int64),
    )


def year_of(title: str) -> int:
    """Returns the year in parentheses at the end of a title, `NO_YEAR` where there is none.

    A note that the movie was made for television or video may follow the year.
    """
    match = _YEAR.search(title.rstrip())
    return int(match[1]) if match else NO_YEAR


def _flagged(flags: list[str], layout: Layout, line_number: int) -> list[str]:
    """Returns the genres whose flag is "1".

    Raises:
        DataError: A flag is neither "0" nor "1".
    """
    bad = [flag for flag in flags if flag not in ("0", "1")]
    if bad:
        raise data_error(
            layout.movies,
            f"genre flag {quoted(bad[0])} is neither 0 nor 1",
            "Correct the line.",
            line_number,
        )
    return [genre for genre, flag in zip(FLAG_GENRES, flags, strict=True) if flag == "1"]
