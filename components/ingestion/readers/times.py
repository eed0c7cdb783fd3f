"""Moments as int64 seconds since 1970-01-01 UTC, and whether their unit is the stated one."""

import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from components.ingestion.faults import quoted
from components.ingestion.readers.numbers import NUMBER, refuse_texts
from components.ingestion.readers.shards import Origin
from components.ingestion.readers.texts import (
    CORRECT,
    Texts,
    encode,
    is_text,
    refuse_missing,
    wrong_type,
)
from components.ingestion.readers.units import (
    PER_SECOND,
    UNITS,
    Range,
    Seconds,
    guess_unit,
    refuse_outside,
)
from transform.kinds import TimeUnit

ISO = r"^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)?"
ZONE = r"(?:Z|[+-]\d{2}(?::?\d{2})?)$"


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
    if len(seconds) and not missing.any() and allowed.holds(seconds):
        return pa.array(seconds)
    if required:
        refuse_missing(missing & ~_told(column, missing), origin)
    outside = ~missing & ((seconds < allowed.earliest) | (seconds > allowed.latest))
    if outside.any():
        refuse_outside(column, seconds, outside, unit, allowed, origin)
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
    whole = column.cast(pa.int64())
    numbers = np.array(whole.fill_null(0) if whole.null_count else whole, np.int64)
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
        lambda value: f"{quoted(value)} is a number, not ISO 8601" + guess_unit(value),
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
    """Returns which of the missing values are text that could not be read.

    They have a fault already.
    """
    if not is_text(column.type) or not missing.any():
        return np.zeros(len(column), np.bool_)
    return encode(column)[0].codes >= 0
