"""The windows of timelines that training sees, and the latest ones, which are asked with."""

import dataclasses

import numpy as np

from trainer.data.timelines import NO_GAP, Timelines

PADDING = -1
START = -2  # stands before the first movie of every timeline
BEYOND = np.iinfo(np.int64).max  # a position behind the end of every timeline


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What queries may see of timelines: movies, and how and when they were rated."""

    movies: np.ndarray
    """`[windows, window]` int64 movie rows, `START`, or `PADDING` after the end."""

    ratings: np.ndarray
    """`[windows, window]` float32 stars; 0 where there is no movie."""

    gaps: np.ndarray
    """`[windows, window]` int64 seconds since the movie before; `NO_GAP` where there is none."""

    def __len__(self) -> int:
        """Number of windows."""
        return len(self.movies)


@dataclasses.dataclass(frozen=True)
class Cuts:
    """Where histories are cut into pieces, so that each movie is in one piece."""

    user: np.ndarray
    """`[windows]` int64, whose history."""

    first: np.ndarray
    """`[windows]` int64 place in it where the piece begins. Negative, if it begins before the
    history does and so is a short one."""

    def __len__(self) -> int:
        """Number of windows."""
        return len(self.user)

    def take(self, chosen: np.ndarray | slice) -> "Cuts":
        """Returns some of the cuts, by `[chosen]` int64 index or a slice."""
        return Cuts(self.user[chosen], self.first[chosen])


@dataclasses.dataclass(frozen=True)
class Windows:
    """Pieces of timelines of equal length: at each position the past so far, and what came next."""

    profile: dict[str, np.ndarray]
    """By feature name: `[windows]` int64 rows."""

    inputs: Inputs
    """The past."""

    targets: np.ndarray
    """`[windows, window]` int64 movie row that follows each input, or `PADDING`."""


def cut(timelines: Timelines, window: int, chance: np.random.Generator | None = None) -> Cuts:
    """Returns where every history is cut into pieces.

    Args:
        timelines: The histories.
        window: Length of a piece.
        chance: Shortens each user's first window at random, so that every movie is seen with pasts
            of all lengths; None cuts at multiples of `window`.
    """
    lengths = np.diff(timelines.history_splits)
    users = len(timelines)
    short = np.zeros(users, np.int64) if chance is None else chance.integers(0, window, users)
    short = np.where(lengths > 0, short, 0)  # an empty history has no window
    pieces = -(-(lengths + short) // window)
    user = np.repeat(np.arange(users), pieces)
    piece = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    return Cuts(user, piece * window - short[user])


def training_windows(timelines: Timelines, cuts: Cuts, window: int) -> Windows:
    """Returns windows in which each movie of the pieces is a target once.

    A timeline `a b c d` with a window of 3 gives inputs `START a b` and `c`, targets `a b c` and
    `d`: what a query may use at a position never includes its target.

    Args:
        timelines: The histories.
        cuts: The pieces.
        window: Length of a piece.
    """
    user, first = cuts.user, cuts.first
    position = np.maximum(first, 0)[:, np.newaxis] + np.arange(window)
    targets = _movies(timelines, user, position)
    targets[position >= (first + window)[:, np.newaxis]] = PADDING
    profile = {name: rows[user] for name, rows in timelines.profile.items()}
    inputs = _inputs(timelines, user, np.where(targets == PADDING, BEYOND, position - 1))
    return Windows(profile, inputs, targets)


def shuffled(timelines: Timelines, chance: np.random.Generator) -> Timelines:
    """Returns the timelines with each history in random order."""
    user = np.repeat(np.arange(len(timelines)), np.diff(timelines.history_splits))
    order = np.lexsort((chance.random(len(user)), user))
    columns = ("history", "rating", "timestamp")
    return dataclasses.replace(
        timelines, **{name: getattr(timelines, name)[order] for name in columns}
    )


def latest_inputs(timelines: Timelines, window: int) -> Inputs:
    """Returns each user's latest `window` inputs, padded after the end."""
    lengths = np.diff(timelines.history_splits)
    first = np.maximum(lengths - window, -1)
    position = first[:, np.newaxis] + np.arange(window)
    return _inputs(timelines, np.arange(len(timelines)), position)


def _inputs(timelines: Timelines, user: np.ndarray, position: np.ndarray) -> Inputs:
    """Returns each `[rows]` user's past at `[rows, window]` positions of the history."""
    return Inputs(
        movies=_movies(timelines, user, position),
        ratings=_take(timelines, timelines.rating, user, position, 0.0),
        gaps=_take(timelines, timelines.gap, user, position, NO_GAP),
    )


def _movies(timelines: Timelines, user: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Returns each `[rows]` user's movies at `[rows, window]` positions of the history."""
    outside = np.where(position < 0, START, PADDING)
    return _take(timelines, timelines.history, user, position, outside)


def _take(
    timelines: Timelines,
    column: np.ndarray,
    user: np.ndarray,
    position: np.ndarray,
    outside: np.ndarray | float,
) -> np.ndarray:
    """Returns what stands in a column beside `history` at `[rows, window]` positions of a user's.

    Args:
        timelines: Whose histories.
        column: `[ratings]`.
        user: `[rows]` users.
        position: `[rows, window]` places in the history.
        outside: What is returned where the history has no such place.
    """
    start = timelines.history_splits[user][:, np.newaxis]
    length = (timelines.history_splits[user + 1] - timelines.history_splits[user])[:, np.newaxis]
    inside = (position >= 0) & (position < length)
    if not len(column):
        return np.where(inside, column.dtype.type(0), outside)
    return np.where(inside, column[np.where(inside, start + position, 0)], outside)
