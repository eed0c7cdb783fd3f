"""What the bundle is made of and compared with, read from the artifacts of ExampleGen."""

import os

import numpy as np
from tfx import v1 as tfx
from tfx.types import artifact_utils

from components.bundle import records
from transform import features


def read_catalogue(
    movies: tfx.types.standard_artifacts.Examples, withdrawn: str = ""
) -> records.Movies:
    """Returns the catalogue without the withdrawn movies.

    Args:
        movies: Raw movies.
        withdrawn: Ids with commas between them, or empty.
    """
    catalogue = records.read_movies([_files(movies, features.CATALOGUE)])
    ids = frozenset(movie_id.encode() for movie_id in withdrawn.split(",") if movie_id)
    return catalogue.without(ids) if ids else catalogue


def read_timelines(timelines: tfx.types.standard_artifacts.Examples) -> np.ndarray:
    """Returns the `[users]` raw timelines of `test`, which hold all that is known of every user."""
    return records.read_examples([_files(timelines, features.TEST)])


def _files(examples: tfx.types.standard_artifacts.Examples, split: str) -> str:
    return os.path.join(artifact_utils.get_split_uri([examples], split), "*")
