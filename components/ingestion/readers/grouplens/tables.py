"""A release in memory, column by column."""

import dataclasses

import numpy as np
import numpy.typing as npt

from components.ingestion.readers.grouplens.layout import Layout


@dataclasses.dataclass(frozen=True)
class Ratings:
    """Every rating, in file order; all columns have one entry per rating."""

    layout: Layout
    """Where the rows came from, so that a later finding can name its line."""

    user_id: npt.NDArray[np.int64]
    movie_id: npt.NDArray[np.int64]

    rating: npt.NDArray[np.float32]
    """Stars, 0.5 to 5."""

    timestamp: npt.NDArray[np.int64]
    """Seconds since 1970-01-01 UTC."""


@dataclasses.dataclass(frozen=True)
class Movies:
    """The catalogue, in file order; all columns have one entry per movie."""

    movie_id: npt.NDArray[np.int64]

    title: list[str]
    """With the year, as GroupLens writes it, without blanks around it."""

    genres: list[list[str]]
    """In file order; empty where the release does not know."""

    year: npt.NDArray[np.int64]
    """From the end of the title; -1 where it names none."""


@dataclasses.dataclass(frozen=True)
class Users:
    """Who the users are, in file order; all columns have one entry per user."""

    user_id: npt.NDArray[np.int64]

    age: npt.NDArray[np.int64]
    """Years (ml-100k), or the first year of an age bracket (ml-1m; 1 means under 18)."""

    gender: list[str]
    """`F` or `M`."""

    occupation: list[str]
    """A word (ml-100k) or a code (ml-1m)."""

    zip: list[str]
    """As written: zips start with 0, and foreign ones hold letters."""
