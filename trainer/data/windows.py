"""Windows of timelines: the ones that training sees, and the latest ones, which queries hold."""

import dataclasses

import numpy as np

from trainer.data.timelines import NO_GAP, Timelines

PADDING = -1
START = -2  # stands before the first item of every timeline
BEYOND = np.iinfo(np.int64).max - 1  # a position behind the end of every timeline
NO_TIME = 0  # of what stands at no event

USERS, INPUTS, EVENTS = "users", "inputs", "events"  # parts of a batch
GAPS, WAITS, TIMES = "gaps", "waits", "times"
TARGETS, WEIGHTS = "targets", "weights"


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What queries may hold of timelines: items, and what is known of each event."""

    items: np.ndarray
    """`[windows, window]` int64 item rows, `START`, or `PADDING` after the end."""

    events: dict[str, np.ndarray]
    """By feature name: `[windows, window]` int64 rows, `unknown` where there is no event; of a
    vector `[windows, window, size]` float32, zeros there."""

    gaps: np.ndarray
    """`[windows, window]` int64 seconds since the event before; `NO_GAP` where there is none."""

    waits: np.ndarray
    """`[windows, window]` int64 seconds until the event after, and after the last until the
    request; `NO_GAP` where that is unknown."""

    times: np.ndarray
    """`[windows, window]` int64 seconds since 1970-01-01 UTC; `NO_TIME` where there is no event."""

    def __len__(self) -> int:
        """Number of windows."""
        return len(self.items)


@dataclasses.dataclass(frozen=True)
class WindowStarts:
    """Places where windows start, so that each item of a history is in one window."""

    user: np.ndarray
    """`[windows]` int64 position of the user whose history it is."""

    first: np.ndarray
    """`[windows]` int64 place in the history of the window's first item. Negative, if the window
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
    """By column, as in `Timelines`."""

    inputs: Inputs
    """The past."""

    targets: np.ndarray
    """`[windows, window]` int64 item row that follows each input, or `PADDING`."""

    weights: np.ndarray
    """`[windows, window]` float32 weight of each target; 0 where there is none."""


def find_window_starts(
    timelines: Timelines, window: int, rng: np.random.Generator | None = None
) -> WindowStarts:
    """Cuts every history into windows.

    Args:
        timelines: The histories.
        window: Length of a window.
        rng: Shortens each user's first window at random, so that every item is seen with pasts
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


def make_windows(
    timelines: Timelines, starts: WindowStarts, window: int, unknown: dict[str, int]
) -> Windows:
    """Cuts windows out of histories, in which each item is a target once.

    A timeline `a b c d` with a window of 3 gives inputs `START a b` and `c`, targets `a b c` and
    `d`: what a query may use at a position never includes its target.

    Args:
        timelines: The histories.
        starts: Places of the windows.
        window: Length of a window.
        unknown: Row of an unknown value, by name of the event feature.
    """
    user, first = starts.user, starts.first
    position = np.maximum(first, 0)[:, np.newaxis] + np.arange(window)
    targets = _items(timelines, user, position)
    targets[position >= (first + window)[:, np.newaxis]] = PADDING
    user_features = {name: rows[user] for name, rows in timelines.user_features.items()}
    inputs = _inputs(timelines, user, np.where(targets == PADDING, BEYOND, position - 1), unknown)
    weights = (targets != PADDING).astype(np.float32)
    if timelines.history.weight is not None:
        weights *= _take(timelines, timelines.history.weight, user, position, 0.0)
    return Windows(user_features, inputs, targets, weights)


def shuffle_histories(timelines: Timelines, rng: np.random.Generator) -> Timelines:
    """Returns the timelines with each history in random order."""
    user = np.repeat(np.arange(len(timelines)), np.diff(timelines.history_splits))
    order = np.lexsort((rng.random(len(user)), user))
    return dataclasses.replace(timelines, history=timelines.history.take(order))


def latest_inputs(
    timelines: Timelines,
    window: int,
    unknown: dict[str, int],
    request_time: np.ndarray | None = None,
) -> Inputs:
    """Returns each user's latest inputs, `[users, window]`, padded after the end.

    Args:
        timelines: The histories.
        window: Inputs that a query holds, `START` included where the history is shorter.
        unknown: Row of an unknown value, by name of the event feature.
        request_time: `[users]` int64 seconds since 1970 of the requests, `NO_TIME` where unknown;
            None: all are. One before the last event counts as that event's time.
    """
    lengths = np.diff(timelines.history_splits)
    first = np.maximum(lengths - window, -1)
    position = first[:, np.newaxis] + np.arange(window)
    inputs = _inputs(timelines, np.arange(len(timelines)), position, unknown)
    if request_time is None:
        return inputs
    asked = request_time[:, np.newaxis]
    is_last = (position == lengths[:, np.newaxis] - 1) & (position >= 0) & (asked != NO_TIME)
    waits = np.where(is_last, np.maximum(asked - inputs.times, 0), inputs.waits)
    return dataclasses.replace(inputs, waits=waits)


def first_label_times(timelines: Timelines) -> np.ndarray:
    """Returns the time of each user's first label, `[users]` int64; `NO_TIME` without labels."""
    lengths = np.diff(timelines.label_splits)
    times = np.append(timelines.label.time, NO_TIME)[timelines.label_splits[:-1]]
    return np.where(lengths > 0, times, NO_TIME)


def _inputs(
    timelines: Timelines, user: np.ndarray, position: np.ndarray, unknown: dict[str, int]
) -> Inputs:
    """Returns each `[rows]` user's past at `[rows, window]` positions of the history."""
    history = timelines.history
    return Inputs(
        items=_items(timelines, user, position),
        events={
            name: _take(timelines, history.features[name], user, position, row)
            for name, row in unknown.items()
        },
        gaps=_take(timelines, timelines.gap, user, position, NO_GAP),
        waits=_take(timelines, timelines.gap, user, position + 1, NO_GAP),
        times=_take(timelines, history.time, user, position, NO_TIME),
    )


def _items(timelines: Timelines, user: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Returns each `[rows]` user's items at `[rows, window]` positions of the history."""
    outside = np.where(position < 0, START, PADDING)
    return _take(timelines, timelines.history.item, user, position, outside)


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
        column: `[events]` values beside the history, or `[events, size]` vectors.
        user: `[rows]` int64 users.
        position: `[rows, window]` int64 places in each user's history.
        outside: Value where the history has no such place.
    """
    start = timelines.history_splits[user][:, np.newaxis]
    length = (timelines.history_splits[user + 1] - timelines.history_splits[user])[:, np.newaxis]
    inside = (position >= 0) & (position < length)
    place = np.where(inside, start + position, 0)
    if column.ndim > 1:
        inside, outside = inside[..., np.newaxis], np.zeros(column.shape[1], column.dtype)
    if not len(column):
        return np.where(inside, column.dtype.type(0), outside)
    return np.where(inside, column[place], outside)
