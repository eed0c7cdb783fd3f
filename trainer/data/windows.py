"""Windows of timelines: the ones that training sees, and the latest ones, which queries hold."""

import dataclasses

import numpy as np

from trainer.data.timelines import NO_GAP, Timelines

PADDING = -1
START = -2  # stands before the first movie of every timeline
BEYOND = np.iinfo(np.int64).max  # a position behind the end of every timeline
INPUTS, RATINGS, GAPS, TARGETS = "inputs", "ratings", "gaps", "targets"  # columns of a batch


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
class WindowStarts:
    """Places where windows start, so that each movie of a history is in one window."""

    user: np.ndarray
    """`[windows]` int64 position of the user whose history it is."""

    first: np.ndarray
    """`[windows]` int64 place in the history of the window's first movie. Negative, if the window
    starts before the history does and so is a short one."""

    def __len__(self) -> int:
        """Number of windows."""
        return len(self.user)

    def take(self, chosen: np.ndarray | slice) -> "WindowStarts":
        """Returns some of the starts, by `[chosen]` int64 index or a slice."""
        return WindowStarts(self.user[chosen], self.first[chosen])


@dataclasses.dataclass(frozen=True)
class Windows:
    """Windows of equal length: at each position the past so far, and what came next."""

    user_features: dict[str, np.ndarray]
    """By feature name: `[windows]` int64 rows."""

    inputs: Inputs
    """The past."""

    targets: np.ndarray
    """`[windows, window]` int64 movie row that follows each input, or `PADDING`."""


def find_window_starts(
    timelines: Timelines, window: int, rng: np.random.Generator | None = None
) -> WindowStarts:
    """Cuts every history into windows.

    Args:
        timelines: The histories.
        window: Length of a window.
        rng: Shortens each user's first window at random, so that every movie is seen with pasts
            of all lengths; None cuts at multiples of `window`.
    """
    lengths = np.diff(timelines.history_splits)
    users = len(timelines)
    short = np.zeros(users, np.int64) if rng is None else rng.integers(0, window, users)
    short = np.where(lengths > 0, short, 0)  # an empty history has no window
    windows = -(-(lengths + short) // window)
    user = np.repeat(np.arange(users), windows)
    number = np.arange(windows.sum()) - np.repeat(np.cumsum(windows) - windows, windows)
    return WindowStarts(user, number * window - short[user])


def make_windows(timelines: Timelines, starts: WindowStarts, window: int) -> Windows:
    """Cuts windows out of histories, in which each movie is a target once.

    A timeline `a b c d` with a window of 3 gives inputs `START a b` and `c`, targets `a b c` and
    `d`: what a query may use at a position never includes its target.

    Args:
        timelines: The histories.
        starts: Places of the windows.
        window: Length of a window.
    """
    user, first = starts.user, starts.first
    position = np.maximum(first, 0)[:, np.newaxis] + np.arange(window)
    targets = _movies(timelines, user, position)
    targets[position >= (first + window)[:, np.newaxis]] = PADDING
    user_features = {name: rows[user] for name, rows in timelines.user_features.items()}
    inputs = _inputs(timelines, user, np.where(targets == PADDING, BEYOND, position - 1))
    return Windows(user_features, inputs, targets)


def shuffle_histories(timelines: Timelines, rng: np.random.Generator) -> Timelines:
    """Returns the timelines with each history in random order."""
    user = np.repeat(np.arange(len(timelines)), np.diff(timelines.history_splits))
    order = np.lexsort((rng.random(len(user)), user))
    columns = ("history", "rating", "timestamp")
    return dataclasses.replace(
        timelines, **{name: getattr(timelines, name)[order] for name in columns}
    )


def latest_inputs(timelines: Timelines, window: int) -> Inputs:
    """Returns each user's latest inputs, `[users, window]`, padded after the end.

    Args:
        timelines: The histories.
        window: Inputs that a query holds, `START` included where the history is shorter.
    """
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
    """Returns a column's values at positions of the users' histories, `[rows, window]`.

    Args:
        timelines: The histories.
        column: `[ratings]` values beside `history`.
        user: `[rows]` int64 users.
        position: `[rows, window]` int64 places in each user's history.
        outside: Value where the history has no such place.
    """
    start = timelines.history_splits[user][:, np.newaxis]
    length = (timelines.history_splits[user + 1] - timelines.history_splits[user])[:, np.newaxis]
    inside = (position >= 0) & (position < length)
    if not len(column):
        return np.where(inside, column.dtype.type(0), outside)
    return np.where(inside, column[np.where(inside, start + position, 0)], outside)
