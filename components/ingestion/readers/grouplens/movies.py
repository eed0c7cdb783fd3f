"""The catalogue: ids, titles, years and genres."""

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from components.ingestion.faults import Faults, quoted
from components.ingestion.readers import delimited
from components.ingestion.readers.grouplens.layout import Layout
from components.ingestion.readers.grouplens.lines import read_rows
from components.ingestion.readers.shards import Shard

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
COLUMNS = ("movie_id", "title", "genres")
FIRST_YEAR, LAST_YEAR = 1880, 2100

_YEAR = re.compile(r"\((\d{4})\)\s*(\(TV\)|\(V\))?$", re.ASCII)
_END = re.compile(r"\s*\(\d{4}\)\s*$", re.ASCII)


def read_movies(layout: Layout, faults: Faults) -> Shard | None:
    """Reads the movies file of a release.

    Of ml-100k, only the id, the title and the genre flags are read, so that a copy without release
    dates and addresses reads the same. A genre "unknown" or "(no genres listed)" counts as none.

    Returns:
        Columns `movie_id`, `title`, `title_words`, `year` and `genres`; None where nothing can be
        made of the file.
    """
    if layout.aliases:
        shard = delimited.read(layout.movies, COLUMNS, faults, aliases=layout.aliases)
        return shard and Shard(
            shard.path,
            _derive(shard.table),
            shard.columns,
            shard.find_lines,
            shard.decimal_comma,
            shard.aliases,
        )
    flags = layout.name == "ml-100k"
    lines, rows = [], []
    for number, columns in read_rows(
        layout.movies,
        delimiter=layout.delimiter,
        encoding=layout.encoding,
        column_count=FLAGS_START + len(FLAG_GENRES) if flags else len(COLUMNS),
        faults=faults,
    ):
        if flags:
            _check_flags(columns[FLAGS_START:], layout, number, faults)
            columns[2] = "|".join(
                genre
                for genre, flag in zip(FLAG_GENRES, columns[FLAGS_START:], strict=True)
                if flag == "1"
            )
        lines.append(number)
        rows.append(columns[: len(COLUMNS)])
    table = pa.table(
        [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
        or [pa.array([], pa.string()) for _ in COLUMNS],
        names=list(COLUMNS),
    )
    return Shard(layout.movies, _derive(table), COLUMNS, lambda: np.array(lines, np.int64))


def year_of(title: str) -> int | None:
    """Returns the year in parentheses at the end of a title, None where there is none.

    A note that the movie was made for television or video may follow the year. Four digits that
    are no year of cinema are none, such as the number of a product.
    """
    match = _YEAR.search(title.rstrip())
    year = int(match[1]) if match else 0
    return year if FIRST_YEAR <= year <= LAST_YEAR else None


def split_genres(text: str) -> list[str]:
    """Returns the genres of a movie; none where the release does not know."""
    return [word for word in map(str.strip, text.split("|")) if word not in NO_GENRES]


def _derive(table: pa.Table) -> pa.Table:
    """Adds what a title says, and divides the genres."""
    if "title" in table.column_names:
        titles = [title.strip() for title in _texts(table, "title")]
        years = [year_of(title) for title in titles]
        words = [
            title if year is None else _END.sub("", title)
            for title, year in zip(titles, years, strict=True)
        ]
        table = table.append_column("title_words", pa.array(words, pa.string()))
        table = table.append_column("year", pa.array(years, pa.int64()))
    if "genres" in table.column_names:
        genres = pa.array(map(split_genres, _texts(table, "genres")), pa.list_(pa.string()))
        table = table.set_column(table.column_names.index("genres"), "genres", genres)
    return table


def _texts(table: pa.Table, name: str) -> Sequence[str]:
    return [text or "" for text in table.column(name).cast(pa.string()).to_pylist()]


def _check_flags(flags: list[str], layout: Layout, number: int, faults: Faults) -> None:
    bad = [flag for flag in flags if flag not in ("0", "1")]
    if bad:
        faults.add(
            "genre-flag",
            layout.movies,
            f"genre flag {quoted(bad[0])} is neither 0 nor 1",
            "Correct the line.",
            line=number,
            value=bad[0],
        )
