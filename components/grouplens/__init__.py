"""Reads a folder in one of GroupLens' layouts, column by column, and refuses what is not sound."""

from components.grouplens.consistency import check_consistency
from components.grouplens.errors import DataError
from components.grouplens.layout import Layout, detect
from components.grouplens.movies import read_movies
from components.grouplens.ratings import read_ratings
from components.grouplens.tables import Movies, Ratings, Users
from components.grouplens.users import read_users

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
