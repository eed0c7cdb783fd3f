"""Reads a folder in one of GroupLens' layouts, column by column, and refuses what is not sound."""

from components.ingestion.readers.grouplens.consistency import check_consistency
from components.ingestion.readers.grouplens.errors import DataError
from components.ingestion.readers.grouplens.layout import Layout, detect
from components.ingestion.readers.grouplens.movies import read_movies
from components.ingestion.readers.grouplens.ratings import read_ratings
from components.ingestion.readers.grouplens.tables import Movies, Ratings, Users
from components.ingestion.readers.grouplens.users import read_users

__all__ = [
    "DataError",
    "Layout",
    "Movies",
    "Ratings",
    "Users",
    "check_consistency",
    "detect",
    "read_movies",
    "read_ratings",
    "read_users",
]
