"""What moments can be, and the unit that they seem to be in where they are none of it."""

import dataclasses
import datetime
import functools
import re
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.ingestion.faults import cut
from components.ingestion.readers.shards import Origin
from transform.kinds import TimeUnit

DAY = 86_400
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6}
UNITS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
YEAR_1990, YEAR_2100 = 631_152_000, 4_102_444_800

Seconds: TypeAlias = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Range:
    """The moments that a column may hold."""

    earliest: int
    latest: int
    """Seconds since 1970-01-01 UTC, inclusive."""

    limit: str
    """Why none is later, such as "later than now"."""

    remedy: str = ""
    """What else can be done about later ones, before a comma."""

    sets_aside: bool = False
    """Whether later ones are left for the caller to set aside, not refused."""

    def holds(self, seconds: Seconds) -> bool:
        """Returns whether all of the moments, at least one, are in the range."""
        return bool(self.earliest <= seconds.min() and seconds.max() <= self.latest)


def events_until(now: int, as_of: int | None = None) -> Range:
    """Returns the range of events' moments: a clock may be a day fast.

    Args:
        now: What the clock says.
        as_of: Moment that the data is looked at from, if one was stated: later events are no
            fault then.
    """
    if as_of is not None:
        return Range(YEAR_1990, as_of, "", sets_aside=True)
    return Range(YEAR_1990, now + DAY, "later than now", "set later ones aside by --as-of DAY, ")


ANY_MOMENT = Range(-(2**40), YEAR_2100 - 1, "after 2099")
"""What moments that are known of items can be: releases may lie ahead."""


def refuse_outside(
    column: pa.ChunkedArray,
    seconds: Seconds,
    outside: npt.NDArray[np.bool_],
    unit: TimeUnit,
    allowed: Range,
    origin: Origin,
) -> None:
    """Refuses moments out of range: by the unit that they seem to be in, if another one fits.

    Late ones that are to be set aside pass.
    """
    raw = seconds.astype(np.float64) * PER_SECOND.get(unit, 1)
    show = lambda row: f"{column[row].as_py()}"  # noqa: E731
    left = outside.copy()
    numeric = unit != "iso" and not pa.types.is_timestamp(column.type)
    plausible = YEAR_2100 if allowed.sets_aside else min(allowed.latest, YEAR_2100)
    for other, factor in (*PER_SECOND.items(), ("ns", 10**9)) if numeric else ():
        fits = left & (raw // factor >= YEAR_1990) & (raw // factor <= plausible)
        if other == unit or not fits.any():
            continue
        remedy = (
            f"Divide by {factor // PER_SECOND[unit]:,}"
            if other == "ns"
            else (f"Give {origin.key} `unit: {other}` in the definition, or convert them")
        )
        origin.refuse(
            "unit",
            np.flatnonzero(fits),
            show,
            functools.partial(_other_unit, unit, other, factor),
            f"{remedy}.",
        )
        left &= ~fits
    late = left & (seconds > allowed.latest)
    early = left & (seconds < allowed.earliest)
    for kind, rows, why, remedy in (
        ("future", late & (not allowed.sets_aside), allowed.limit, allowed.remedy),
        ("too-early", early, f"before {_date(allowed.earliest)}", ""),
    ):
        origin.refuse(
            kind,
            np.flatnonzero(rows),
            show,
            functools.partial(_outside, unit, why),
            f"Correct or remove the line, {remedy}or check `unit` of {origin.key}.",
        )


def _other_unit(unit: TimeUnit, other: str, factor: int, value: str) -> str:
    moment = _date(float(value) // factor)
    return f"{cut(value)} is not in {UNITS[unit]}; in {UNITS[other]} it is {moment}"


def _outside(unit: TimeUnit, why: str, value: str) -> str:
    return f"{cut(value)} is {_moment(value, unit)}, {why}"


def _moment(value: str, unit: TimeUnit) -> str:
    """Returns the day of a raw value."""
    if re.fullmatch(r"[+-]?\d+(\.\d*)?", value) and unit != "iso":
        return _date(float(value) // PER_SECOND[unit])
    return value[:10]


def _date(seconds: float) -> str:
    if not -62_135_596_800 <= seconds < 253_402_300_800:
        return "no day of the years 1 to 9999"
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%d}"


def guess_unit(value: str) -> str:
    """Returns the unit in which a number is a moment of these decades, or nothing."""
    for unit, factor in PER_SECOND.items():
        if YEAR_1990 <= float(value) / factor < YEAR_2100:
            return f"; in {UNITS[unit]} it is {_date(float(value) // factor)}"
    return ""
