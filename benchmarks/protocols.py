"""What "better" means: frozen splits, ranked lists, and the measures taken of them.

Pure functions of numpy arrays, so that our bundles and the peers, which live in an environment of
their own, are measured by the same code. Movies are ids, never titles: MovieLens 100K lists 18
titles twice, and a list that names the other id of a title misses.
"""

import dataclasses
import hashlib
import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from transform import metrics

LISTED = 100
DAY = 86_400  # seconds
NOTHING = -1
TRAIN, EVAL, TEST = range(3)

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Ratings:
    """A frozen split: who rated what when, and the part that each rating plays."""

    user: Integers
    """`[ratings]` positions among the users, in ascending order of user and, within one, time."""

    movie: Integers
    """`[ratings]` positions in the catalogue, which is in ascending order of the ids' bytes."""

    timestamp: Integers
    """`[ratings]` seconds."""

    part: Integers
    """`[ratings]` `TRAIN`, `EVAL` or `TEST`."""

    users: int
    """Number of users, with or without ratings in a part."""

    movies: int
    """Number of movies in the catalogue, rated or not."""

    def select(self, *parts: int) -> "Ratings":
        """Returns the ratings of some parts."""
        return self.where(np.isin(self.part, parts))

    def where(self, kept: npt.NDArray[np.bool_]) -> "Ratings":
        """Returns the ratings that `kept`, `[ratings]`, is true of."""
        columns = ("user", "movie", "timestamp", "part")
        return dataclasses.replace(self, **{name: getattr(self, name)[kept] for name in columns})

    def fingerprint(self) -> str:
        """Returns a hash of who, what, when and which part: equal splits have equal ones."""
        digest = hashlib.sha256(f"{self.users} {self.movies}".encode())
        for column in (self.user, self.movie, self.timestamp, self.part):
            digest.update(np.ascontiguousarray(column, np.int64).tobytes())
        return digest.hexdigest()[:16]

    def save(self, path: pathlib.Path) -> None:
        """Writes the split to a file."""
        np.savez_compressed(path, **dataclasses.asdict(self))

    @classmethod
    def load(cls, path: pathlib.Path) -> "Ratings":
        """Reads what `save` wrote."""
        with np.load(path) as file:
            columns = {name: file[name] for name in file.files}
        return cls(**{**columns, "users": int(columns["users"]), "movies": int(columns["movies"])})


def code(*modules: str) -> str:
    """Returns a hash of the sources of modules that lie beside this one."""
    here = pathlib.Path(__file__)
    sources = (here.with_name(f"{module}.py").read_bytes() for module in modules)
    return hashlib.sha256(b"\0".join(sources)).hexdigest()[:16]


def keep(path: pathlib.Path, lists: Mapping[str, Integers], facts: Mapping[str, Any]) -> None:
    """Writes a model's lists and, last, what is known of them to a JSON file beside them."""
    temporary = path.with_suffix(".tmp.npz")
    np.savez_compressed(temporary, **lists)
    os.replace(temporary, path)
    temporary = path.with_suffix(".tmp.json")
    temporary.write_text(json.dumps(facts))
    os.replace(temporary, path.with_suffix(".json"))


def is_kept(path: pathlib.Path, facts: Mapping[str, Any]) -> bool:
    """Returns whether lists were kept of which these facts are known."""
    told = path.with_suffix(".json")
    return told.exists() and facts.items() <= json.loads(told.read_text()).items()


def top_lists(scores: Floats, seen: Ratings | None = None, first_user: int = 0) -> Integers:
    """Returns the `LISTED` best movies of each user, best first.

    Ties are settled by catalogue position. A score that is NaN or minus infinity is never listed,
    so a positive that scores so is a miss.

    Args:
        scores: `[users, movies]`.
        seen: Ratings whose movies are left out of their users' lists; None leaves out nothing.
        first_user: Position of the first row's user, where `scores` is a slice of all users.

    Returns:
        `[users, LISTED]` catalogue positions, `NOTHING` where no movie is left.
    """
    scores = np.where(np.isnan(scores), -np.inf, scores)
    if seen is not None:
        row = seen.user - first_user
        here = (row >= 0) & (row < len(scores))
        scores[row[here], seen.movie[here]] = -np.inf
    order = np.argsort(-scores, axis=1, kind="stable")[:, :LISTED]
    listed = np.where(np.isneginf(np.take_along_axis(scores, order, axis=1)), NOTHING, order)
    missing = LISTED - listed.shape[1]
    return np.pad(listed, ((0, 0), (0, max(missing, 0))), constant_values=NOTHING)


def recent_counts(ratings: Ratings, days: int) -> Floats:
    """Returns how often each movie was rated in the last days, `[movies]`; among equals, ever."""
    late = ratings.timestamp > ratings.timestamp.max() - days * DAY
    counts = np.bincount(ratings.movie[late], minlength=ratings.movies).astype(np.float64)
    ever = np.bincount(ratings.movie, minlength=ratings.movies)
    return counts + ever / (ever.max() + 1)


def for_strangers(lists: Integers, ratings: Ratings, days: int = 30) -> Integers:
    """Gives users without a rating what is popular lately: what a service would show them.

    Args:
        lists: `[users, LISTED]` of all users.
        ratings: All that is known.
        days: How late a rating counts.
    """
    strangers = np.bincount(ratings.user, minlength=ratings.users) == 0
    (fallback,) = top_lists(recent_counts(ratings, days)[np.newaxis])
    return np.where(strangers[:, np.newaxis], fallback, lists)


def ranks(lists: Integers, labels: Ratings) -> Integers:
    """Returns the place of each label in its user's list, `[labels]`, `LISTED` if it is a miss."""
    found = lists[labels.user] == labels.movie[:, np.newaxis]
    return np.where(found.any(axis=1), found.argmax(axis=1), LISTED)


def user_ndcg_at(rank: Integers, user: Integers, k: int) -> tuple[Integers, Floats]:
    """Returns the users who have labels, ascending, and the NDCG at `k` of each one's list.

    The gains of all labels of a user, over those of a list that begins with them (Järvelin and
    Kekäläinen, 2002, with binary relevance).
    """
    users, row, labels = np.unique(user, return_inverse=True, return_counts=True)
    gain = np.bincount(row, weights=metrics.ndcg_at(rank, k), minlength=len(users))
    ideal = np.cumsum(metrics.ndcg_gains(k)[:k])
    return users, gain / ideal[np.minimum(labels, k) - 1]


def mean_and_error(values: Floats, cluster: Integers) -> tuple[float, float]:
    """Returns the mean of all values, and its standard error with values clustered.

    A user's labels share a list, so they are no independent draws. The error is that of a ratio
    of sums over clusters (Cochran, Sampling Techniques, 1977, equation 2.39).
    """
    mean = float(values.mean())
    _, row = np.unique(cluster, return_inverse=True)
    residual = np.bincount(row, weights=values - mean)
    return mean, float(np.sqrt((residual**2).sum()) / len(values))
