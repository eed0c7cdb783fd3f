"""Which events are history and which are labels, in train, eval and test.

Every method gives each event one part: 0, 1 or 2. The three splits follow from the parts alone:

    split   history        labels
    train   part 0         none: the next item at every position is the label
    eval    part 0         part 1
    test    parts 0 and 1  part 2

Within a user, events are ordered by time, and where the time ties (three of four of MovieLens'
ratings share their second with another one of the same user) by their place in the files.
"""

import dataclasses
from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
import pydantic
from pydantic.dataclasses import dataclass as checked_dataclass

from transform import features

SPLITS = (features.TRAIN, features.EVAL, features.TEST)  # the part of a split's labels: its index


Fraction = Annotated[float, pydantic.Field(ge=0, lt=1)]


@checked_dataclass(
    frozen=True,
    config=pydantic.ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True),
)
class SplitConfig:
    """How events are held out. Frozen, JSON-able, recorded in ML Metadata with every run."""

    method: Literal["leave_last_out", "temporal", "random"] = "leave_last_out"
    """`leave_last_out`, `temporal` or `random`: the function of that name in this module."""

    eval_fraction: Fraction = 0.1
    """Share of all events to hold out as eval labels; `temporal` and `random` only."""

    test_fraction: Fraction = 0.1
    """Share of all events to hold out as test labels; `temporal` and `random` only."""

    eval_cut: int | None = None
    """Seconds UTC from which events are eval labels; `temporal` only, in place of fractions."""

    test_cut: int | None = None
    """Seconds UTC from which events are test labels; `temporal` only, together with `eval_cut`."""

    seed: int = 0
    """Seed of `random`."""

    @pydantic.model_validator(mode="after")
    def _check_combination(self) -> "SplitConfig":
        """Checks the fields against each other.

        Raises:
            ValueError: Nothing is left to train on, or cuts fit neither the method nor each other.
        """
        if self.eval_fraction + self.test_fraction >= 1:
            raise ValueError(
                "eval_fraction and test_fraction must leave something to train on, got "
                f"{self.eval_fraction} and {self.test_fraction}."
            )
        cuts = (self.eval_cut, self.test_cut)
        if cuts == (None, None):
            return self
        if self.method != "temporal":
            raise ValueError(f"cuts are for method temporal, got {cuts} for {self.method}.")
        if self.eval_cut is None or self.test_cut is None or self.eval_cut > self.test_cut:
            raise ValueError(f"eval_cut must be given and not after test_cut, got {cuts}.")
        return self


@dataclasses.dataclass(frozen=True)
class RowLists:
    """One list of row numbers per user, flat: user `i` has `rows[offsets[i] : offsets[i + 1]]`."""

    rows: npt.NDArray[np.int64]
    """Rows of the events, user by user and in time order within each."""

    offsets: npt.NDArray[np.int64]
    """`[users + 1]` where each user's rows start."""

    def of(self, user: int) -> npt.NDArray[np.int64]:
        """Returns the rows of the `user`-th user."""
        return self.rows[self.offsets[user] : self.offsets[user + 1]]


@dataclasses.dataclass(frozen=True)
class Split:
    """Every event in its user's time order, with the part it plays."""

    users: npt.NDArray[np.int32]
    """`[users]` codes of the users who have an event, ascending."""

    order: npt.NDArray[np.int64]
    """`[events]` rows of the events, by user, time and place in the files."""

    offsets: npt.NDArray[np.int64]
    """`[users + 1]` where each user's events start in `order`."""

    part: npt.NDArray[np.int8]
    """`[events]` 0, 1 or 2, aligned with `order`."""

    def history(self, split: str) -> RowLists:
        """Returns what is known of each user when recommendations are asked for in a split."""
        return self._select(self.part <= max(SPLITS.index(split) - 1, 0))

    def labels(self, split: str) -> RowLists:
        """Returns what each user did next: what recommendations are compared with in a split."""
        if split == features.TRAIN:
            return self._select(np.zeros(len(self.part), np.bool_))
        return self._select(self.part == SPLITS.index(split))

    def _select(self, mask: npt.NDArray[np.bool_]) -> RowLists:
        before = np.concatenate(([0], np.cumsum(mask)))
        return RowLists(rows=self.order[mask], offsets=before[self.offsets])


def split_events(
    user: npt.NDArray[np.int32], time: npt.NDArray[np.int64], config: SplitConfig
) -> Split:
    """Splits events as configured.

    Args:
        user: `[events]` code of each event's user, in input order. Codes ascend with the bytes of
            the ids.
        time: `[events]` int64 seconds, likewise.
        config: The method and its settings.
    """
    order = np.lexsort((time, user))  # stable: ties stay in input order
    ordered = user[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    offsets = np.append(starts, len(order))
    part = METHODS[config.method](offsets, time[order], config)
    return Split(users=ordered[starts], order=order, offsets=offsets, part=part)


def users_of_one_moment(split: Split, time: npt.NDArray[np.int64]) -> int:
    """Returns how many users have several events, all of them at the same time.

    Which of them is the last is then settled by their place in the files.

    Args:
        split: The events by user and time.
        time: `[events]` int64 seconds, in input order.
    """
    first, last = split.order[split.offsets[:-1]], split.order[split.offsets[1:] - 1]
    return int(np.count_nonzero((first != last) & (time[first] == time[last])))


def leave_last_out(
    offsets: npt.NDArray[np.int64], time: npt.NDArray[np.int64], config: SplitConfig
) -> npt.NDArray[np.int8]:
    """Holds out each user's last event for test and the one before for eval.

    History comes first, then test, then eval: of two events, the last is the test label and there
    is no eval label; a single event is history only.

    Args:
        offsets: `[users + 1]` where each user's events start.
        time: `[events]` int64 seconds; unused, the order says it all.
        config: Unused: there is nothing to set.

    Returns:
        `[events]` int8 parts.
    """
    del time, config
    part = np.zeros(offsets[-1], np.int8)
    counts = np.diff(offsets)
    part[offsets[1:][counts >= 2] - 1] = 2
    part[offsets[1:][counts >= 3] - 2] = 1
    return part


def temporal(
    offsets: npt.NDArray[np.int64], time: npt.NDArray[np.int64], config: SplitConfig
) -> npt.NDArray[np.int8]:
    """Holds out what was done from two moments on, the same for all users.

    Without cuts in the configuration, they are the times from which on the configured
    fractions are left, to the nearest event. Events of the very second of a cut are labels.

    Args:
        offsets: `[users + 1]`; unused, users are not looked at.
        time: `[events]` int64 seconds.
        config: The cuts or the fractions.

    Returns:
        `[events]` int8 parts.
    """
    del offsets
    if config.eval_cut is not None and config.test_cut is not None:
        cuts = np.array([config.eval_cut, config.test_cut])
    else:
        ascending = np.sort(time)
        moments = np.append(ascending, ascending[-1] + 1)  # the last one leaves nothing
        before_test = 1 - config.test_fraction
        shares = np.array([before_test - config.eval_fraction, before_test])
        cuts = moments[np.rint(shares * len(time)).astype(np.int64)]
    return np.searchsorted(cuts, time, side="right").astype(np.int8)


def random(
    offsets: npt.NDArray[np.int64], time: npt.NDArray[np.int64], config: SplitConfig
) -> npt.NDArray[np.int8]:
    """Holds out a random share of all events, whenever they were.

    Histories then hold events that are younger than the labels: a leak, kept because the blog
    post and much of the literature split so.

    Args:
        offsets: `[users + 1]`; unused, users are not looked at.
        time: `[events]` int64 seconds; only its length matters.
        config: The fractions and the seed.

    Returns:
        `[events]` int8 parts; an event's part depends on its place in the order of users and
        times, so that the order of lines in the file matters only among ties.
    """
    del offsets
    drawn = np.random.default_rng(config.seed).random(len(time))
    cuts = [config.test_fraction, config.test_fraction + config.eval_fraction]
    return (2 - np.searchsorted(cuts, drawn, side="right")).astype(np.int8)


METHODS: dict[
    str,
    Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64], SplitConfig], npt.NDArray[np.int8]],
] = {method.__name__: method for method in (leave_last_out, temporal, random)}
