"""Writes a small MovieLens release whose answers are known: even users watch even movies only.

The checkerboard is an idea of benfred/implicit: what a sound recommender returns is what is left of
a user's own parity; a broken one cannot know it.
"""

import csv
import pathlib
import random

LAYOUTS = ("ml-100k", "ml-1m", "ml-10m", "csv")
GENRES_BY_PARITY = ("Comedy", "Drama")  # of even and of odd movies, so that content tells them too
FLAGS = {5: "Comedy", 8: "Drama", 10: "Film-Noir"}  # which of ml-100k's 19 genre flags are in use
FIRST_SECOND = 978_300_000  # 2000-12-31
DAY = 86_400

Row = tuple[int, int, int, int]


def write_checkerboard(
    folder: pathlib.Path,
    *,
    layout: str = "ml-100k",
    users: int = 20,
    movies: int = 20,
    share: float = 1.0,
    seed: int = 0,
) -> pathlib.Path:
    """Writes a release.

    Ids start at 1. Each user rates a random share of the movies of the own parity, in random order,
    two in the same second, and the file is shuffled. There are titles with commas, quotes, colons
    and accents, one without a year, and a movie without genres.

    Args:
        folder: Where to write; made if missing.
        layout: One of `LAYOUTS`.
        users: How many users.
        movies: How many movies.
        share: How much of the own parity each user rates, at least one movie if there is any.
        seed: Makes the release reproducible.

    Returns:
        The folder.
    """
    chance = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    ratings = _ratings(chance, users, movies, share)
    catalogue = [_movie(movie) for movie in range(1, movies + 1)]
    people = [_user(chance, user, layout) for user in range(1, users + 1)]
    WRITERS[layout](folder, ratings, catalogue, people)
    return folder


def _ratings(chance: random.Random, users: int, movies: int, share: float) -> list[Row]:
    rows = []
    for user in range(1, users + 1):
        own = range(2 - user % 2, movies + 1, 2)
        start = FIRST_SECOND + chance.randrange(1000 * DAY)
        watched = chance.sample(own, min(len(own), max(1, round(share * len(own)))))
        for place, movie in enumerate(watched):
            rows.append((user, movie, chance.randint(1, 5), start + place // 2 * 7))
    chance.shuffle(rows)
    return rows


def _movie(movie: int) -> tuple[int, str, list[str]]:
    titles = {
        1: "Misérables, Les (1995)",
        2: 'Three "Quoted" Words: The Movie (1982)',
        3: "Without a Year",
    }
    title = titles.get(movie, f"Movie {movie} ({1930 + movie % 70})")
    genres = [GENRES_BY_PARITY[movie % 2], "Film-Noir"][: movie % 3]
    return movie, title, genres


def _user(chance: random.Random, user: int, layout: str) -> tuple[int, int, str, str, str]:
    ages = (1, 18, 25, 35, 45, 50, 56) if layout == "ml-1m" else range(7, 74)
    occupations = ("4", "20") if layout == "ml-1m" else ("writer", "other")
    zip_code = f"{chance.randrange(100_000):05}"
    return user, chance.choice(ages), chance.choice("FM"), chance.choice(occupations), zip_code


def _write_ml_100k(folder: pathlib.Path, ratings: list, catalogue: list, people: list) -> None:
    _write_lines(folder / "u.data", ("\t".join(map(str, row)) for row in ratings))
    items = []
    for movie, title, genres in catalogue:
        flags = [str(int(FLAGS.get(flag) in genres)) for flag in range(19)]
        items.append("|".join([str(movie), title, "01-Jan-1995", "", "http://", *flags]))
    _write_lines(folder / "u.item", items, "latin-1")
    _write_lines(folder / "u.user", ("|".join(map(str, person)) for person in people))


def _write_ml_1m(folder: pathlib.Path, ratings: list, catalogue: list, people: list) -> None:
    _write_ml_10m(folder, ratings, catalogue, people, encoding="latin-1")
    _write_lines(
        folder / "users.dat",
        (
            f"{user}::{gender}::{age}::{occupation}::{zip_code}"
            for user, age, gender, occupation, zip_code in people
        ),
    )


def _write_ml_10m(
    folder: pathlib.Path, ratings: list, catalogue: list, people: list, encoding: str = "utf-8"
) -> None:
    del people
    _write_lines(folder / "ratings.dat", ("::".join(map(str, row)) for row in ratings))
    _write_lines(
        folder / "movies.dat",
        (
            f"{movie}::{title}::{'|'.join(genres) or '(no genres listed)'}"
            for movie, title, genres in catalogue
        ),
        encoding,
    )


def _write_csv(folder: pathlib.Path, ratings: list, catalogue: list, people: list) -> None:
    del people
    tables = {
        "ratings.csv": [("userId", "movieId", "rating", "timestamp"), *ratings],
        "movies.csv": [
            ("movieId", "title", "genres"),
            *(
                (movie, title, "|".join(genres) or "(no genres listed)")
                for movie, title, genres in catalogue
            ),
        ],
    }
    for name, rows in tables.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)  # CRLF, as GroupLens writes it


def _write_lines(path: pathlib.Path, lines, encoding: str = "ascii") -> None:
    path.write_bytes("".join(f"{line}\n" for line in lines).encode(encoding))


WRITERS = {
    "ml-100k": _write_ml_100k,
    "ml-1m": _write_ml_1m,
    "ml-10m": _write_ml_10m,
    "csv": _write_csv,
}
