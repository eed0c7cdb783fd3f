"""Moments as int64 seconds since 1970-01-01 UTC, and whether their unit is the stated one."""

import dataclasses
import datetime
import re
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from components.ingestion.faults import quoted
from components.ingestion.readers.numbers import NUMBER, explain, refuse_texts
from components.ingestion.readers.shards import Origin
from components.ingestion.readers.texts import (
    CORRECT,
    Texts,
    encode,
    is_text,
    refuse_missing,
    wrong_type,
)
from transform.kinds import TimeUnit

DAY = 86_400
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6}
UNITS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
YEAR_1990, YEAR_2100 = 631_152_000, 4_102_444_800
ISO = r"^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)?"
ZONE = r"(?:Z|[+-]\d{2}(?::?\d{2})?)$"

Seconds: TypeAlias = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Range:
    """What moments can be."""

    earliest: int
    latest: int
    """Seconds since 1970-01-01 UTC, inclusive."""

    limit: str
    """Why none is later, such as "later than now"."""


def events_until(now: int) -> Range:
    """Returns what moments of events can be: clocks may be a day fast."""
    return Range(YEAR_1990, now + DAY, "later than now")


ANY_MOMENT = Range(-(2**40), YEAR_2100 - 1, "after 2099")
"""What moments that are known of items can be: releases may lie ahead."""


def type_time(
    column: pa.ChunkedArray, unit: TimeUnit, allowed: Range, required: bool, origin: Origin
) -> pa.Array:
    """Returns moments as int64 seconds, null where there is none.

    Args:
        column: Raw values.
        unit: That numbers are in, or "iso" for texts.
        allowed: What moments can be.
        required: Whether there must be one in every row.
        origin: Where they come from.
    """
    seconds, missing = _read(column, unit, origin)
    if not missing.any() and len(seconds):
        if allowed.earliest <= seconds.min() and seconds.max() <= allowed.latest:
            return pa.array(seconds)
    if required:
        refuse_missing(missing & ~_told(column, missing), origin)
    outside = ~missing & ((seconds < allowed.earliest) | (seconds > allowed.latest))
    if outside.any():
        _refuse_outside(column, seconds, outside, unit, allowed, origin)
    return pa.array(seconds, mask=missing)


def _read(
    column: pa.ChunkedArray, unit: TimeUnit, origin: Origin
) -> tuple[Seconds, npt.NDArray[np.bool_]]:
    """Returns seconds, and which are missing or unreadable."""
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _floor(column.cast(pa.timestamp("us"), safe=False), 10**6)
    if pa.types.is_integer(kind) and unit != "iso":
        return _floor(column, PER_SECOND[unit])
    if pa.types.is_floating(kind) and unit != "iso":
        finite = pa.compute.if_else(
            pa.compute.is_finite(column), column, pa.scalar(None, column.type)
        )
        return _floor(pa.compute.floor(finite).cast(pa.int64()), PER_SECOND[unit])
    if not is_text(kind):
        needed = "ISO 8601 texts" if unit == "iso" else "whole numbers"
        remedy = f"Set its `unit` to {', '.join(PER_SECOND)}." if unit == "iso" else CORRECT
        wrong_type(column, needed, remedy, origin)
        return np.zeros(len(column), np.int64), np.ones(len(column), np.bool_)
    try:  # the usual case: every value is sound
        if unit == "iso":
            return _floor(column.cast(pa.string()).cast(pa.timestamp("us")), 10**6)
        return _floor(column.cast(pa.string()).cast(pa.int64()), PER_SECOND[unit])
    except pa.ArrowInvalid:
        texts, _ = encode(column)
        parse = _parse_iso if unit == "iso" else _parse_numbers
        seconds, missing = parse(texts, unit, origin)
        return np.append(seconds, 0)[texts.codes], np.append(missing, True)[texts.codes]


def _floor(
    column: pa.ChunkedArray | pa.Array, per_second: int
) -> tuple[Seconds, npt.NDArray[np.bool_]]:
    missing = np.zeros(len(column), np.bool_)
    if column.null_count:
        missing = np.array(pa.compute.is_null(column))
    numbers = np.array(column.cast(pa.int64()).fill_null(0), np.int64)
    return (numbers if per_second == 1 else numbers // per_second), missing


def _parse_numbers(
    texts: Texts, unit: TimeUnit, origin: Origin
) -> tuple[Seconds, npt.NDArray[np.bool_]]:
    """Returns seconds of distinct texts in a numeric unit."""
    sound = pa.compute.match_substring_regex(texts.values, NUMBER)
    text = pa.compute.if_else(sound, texts.values, pa.scalar(None, pa.string()))
    text = pa.compute.replace_substring_regex(text, pattern=r"^\+", replacement="")
    numbers = np.floor(text.cast(pa.float64()).to_numpy(zero_copy_only=False))
    sound = sound.to_numpy(zero_copy_only=False) & (np.abs(np.nan_to_num(numbers)) < 2**62)
    whole = np.where(sound, numbers, 0).astype(np.int64) // PER_SECOND[unit]
    iso = pa.compute.match_substring_regex(texts.values, ISO).to_numpy(zero_copy_only=False)
    origin.refuse(
        "unit",
        texts.where(iso),
        texts.text,
        lambda value: f"{quoted(value)} is ISO 8601, not in {UNITS[unit]}",
        f"Give {origin.key} `unit: iso` in the definition.",
    )
    refuse_texts(texts, ~sound & ~iso, origin)
    return whole, ~sound


def _parse_iso(
    texts: Texts, unit: TimeUnit, origin: Origin
) -> tuple[Seconds, npt.NDArray[np.bool_]]:
    """Returns seconds of distinct ISO 8601 texts; without a zone they are in UTC."""
    del unit
    values = pa.compute.replace_substring_regex(
        texts.values, pattern=r"[.,](\d{1,6})\d*", replacement=r".\1"
    )
    local = pa.compute.match_substring_regex(values, ISO + "$")
    zoned = pa.compute.match_substring_regex(values, ISO + ZONE)
    seconds = np.zeros(len(values), np.int64)
    missing = np.ones(len(values), np.bool_)
    for mask, kind in ((local, pa.timestamp("us")), (zoned, pa.timestamp("us", "UTC"))):
        mask = mask.to_numpy(zero_copy_only=False) & _is_real(values, mask)
        rows = np.flatnonzero(mask)
        seconds[rows], missing[rows] = _floor(values.take(pa.array(rows)).cast(kind), 10**6)
    numeric = pa.compute.match_substring_regex(values, r"^\d{9,19}(?:\.0*)?$").to_numpy(
        zero_copy_only=False
    )
    origin.refuse(
        "unit",
        texts.where(missing & numeric),
        texts.text,
        lambda value: f"{quoted(value)} is a number, not ISO 8601" + _guess_unit(value),
        f"Give {origin.key} the `unit` that it is in.",
    )
    origin.refuse(
        "not-a-time",
        texts.where(missing & ~numeric),
        texts.text,
        lambda value: f"{quoted(value)} is no ISO 8601 time",
        "Write it as 2024-12-31T23:59:59, in UTC or with a zone such as +02:00.",
    )
    return seconds, missing


def _is_real(values: pa.Array, mask: pa.Array) -> npt.NDArray[np.bool_]:
    """Returns which texts of ISO's form are moments of the calendar: no 31st of February."""
    real = np.zeros(len(values), np.bool_)
    try:
        pa.compute.replace_substring_regex(
            pa.compute.if_else(mask, values, pa.scalar(None, pa.string())),
            pattern=ZONE.replace("$", "$"),
            replacement="",
        ).cast(pa.timestamp("us"))
        real[:] = True
    except pa.ArrowInvalid:
        for index in np.flatnonzero(mask.to_numpy(zero_copy_only=False)):
            try:
                datetime.datetime.fromisoformat(values[int(index)].as_py()[:19])
                real[index] = True
            except ValueError:
                continue
    return real


def _told(column: pa.ChunkedArray, missing: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Returns which missing values are there, but unreadable, and told about already."""
    if not is_text(column.type) or not missing.any():
        return np.zeros(len(column), np.bool_)
    return encode(column)[0].codes >= 0


def _refuse_outside(
    column: pa.ChunkedArray,
    seconds: Seconds,
    outside: npt.NDArray[np.bool_],
    unit: TimeUnit,
    allowed: Range,
    origin: Origin,
) -> None:
    """Refuses moments out of range: by the unit that they seem to be in, if another one fits."""
    raw = seconds.astype(np.float64) * PER_SECOND.get(unit, 1)
    show = lambda row: f"{column[row].as_py()}"  # noqa: E731
    left = outside.copy()
    numeric = unit != "iso" and not pa.types.is_timestamp(column.type)
    plausible = min(allowed.latest, YEAR_2100)
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
            lambda value, factor=factor, other=other: (
                f"{value} is not in {UNITS[unit]}; in {UNITS[other]} it is "
                f"{_date(float(value) // factor)}"
            ),
            f"{remedy}.",
        )
        left &= ~fits
    for kind, rows, why in (
        ("future", left & (seconds > allowed.latest), allowed.limit),
        ("too-early", left & (seconds < allowed.earliest), f"before {_date(allowed.earliest)}"),
    ):
        origin.refuse(
            kind,
            np.flatnonzero(rows),
            show,
            lambda value, why=why: f"{value} is {_moment(value, unit)}, {why}",
            f"Correct or remove the line, or check `unit` of {origin.key}.",
        )


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


def _guess_unit(value: str) -> str:
    """Returns the unit in which a number is a moment of these decades, or nothing."""
    for unit, factor in PER_SECOND.items():
        if YEAR_1990 <= float(value) / factor < YEAR_2100:
            return f"; in {UNITS[unit]} it is {_date(float(value) // factor)}"
    return ""


__all__ = ["ANY_MOMENT", "Range", "events_until", "explain", "type_time"]
