"""Reads a folder in one of GroupLens' layouts: movies, users and ratings as raw columns."""

from components.ingestion.readers.grouplens.layout import Layout, detect
from components.ingestion.readers.grouplens.movies import read_movies
from components.ingestion.readers.grouplens.ratings import read_ratings
from components.ingestion.readers.grouplens.users import read_users

__all__ = ["Layout", "detect", "read_movies", "read_ratings", "read_users"]
