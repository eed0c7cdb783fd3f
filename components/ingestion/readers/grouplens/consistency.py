"""Whether the files of a release fit each other."""

import numpy as np
import numpy.typing as npt

from components.ingestion.readers.grouplens.ratings import row_error
from components.ingestion.readers.grouplens.tables import Movies, Ratings, Users


def check_consistency(ratings: Ratings, movies: Movies, users: Users | None) -> None:
    """Checks that whatever is rated is in the catalogue and whoever rates is among the users.

    Movies without ratings and users without ratings are welcome.

    Args:
        ratings: The ratings of a release.
        movies: Its catalogue.
        users: Its users, None where it does not say who they are.

    Raises:
        DataError: A rated movie, or a user who rated, has no entry.
    """
    layout = ratings.layout
    row = _first_missing(ratings.movie_id, movies.movie_id)
    if row is not None:
        raise row_error(
            layout,
            row,
            f"movie {ratings.movie_id[row]} is not in {layout.movies.name}, but rated",
            "Add the movie there, or remove its ratings.",
        )
    if users is None or layout.users is None:
        return
    row = _first_missing(ratings.user_id, users.user_id)
    if row is not None:
        raise row_error(
            layout,
            row,
            f"user {ratings.user_id[row]} is not in {layout.users.name}, but rates",
            "Add the user there, or remove the ratings.",
        )


def _first_missing(ids: npt.NDArray[np.int64], known: npt.NDArray[np.int64]) -> int | None:
    """Returns the first row whose id is not among the known ones, None if all are."""
    missing = np.isin(ids, known, invert=True)
    row = int(missing.argmax())
    return row if missing[row] else None
