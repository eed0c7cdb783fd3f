"""Numbers as float32, and what is wrong with a text that should be one."""

import re
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from components.ingestion.faults import cut, quoted
from components.ingestion.readers.shards import Origin
from components.ingestion.readers.texts import (
    CORRECT,
    Texts,
    encode,
    is_text,
    refuse_missing,
    wrong_type,
)
from transform.kinds import Number

NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
SPACES = re.compile(r"[\u00a0\u2007\u2009\u202f]")
MISSING = frozenset({"nan", "null", "none", "na", "n/a", "nil", "\\n", "-", "?", "unknown"})
LARGEST = float(np.finfo(np.float32).max)

Floats: TypeAlias = npt.NDArray[np.float64]
Show: TypeAlias = Callable[[int], str]
"""Gives the value of a row as it is written."""


def type_number(column: pa.ChunkedArray, feature: Number, origin: Origin) -> pa.Array:
    """Returns a number as float32, null where there is none."""
    numbers, show = read_numbers(column, origin)
    with np.errstate(invalid="ignore"):
        low = -LARGEST if feature.min is None else feature.min
        high = LARGEST if feature.max is None else feature.max
        outside = np.flatnonzero(~((numbers >= low) & (numbers <= high)) & ~np.isnan(numbers))
    bounds = _bounds(feature)
    origin.refuse(
        "out-of-range",
        outside,
        show,
        lambda text: f"{cut(text)} is not {bounds}",
        f"Correct or remove the line, or change `min` and `max` of {origin.key} in the definition.",
    )
    if feature.required:
        refuse_missing(np.isnan(numbers), origin)
    numbers[outside] = np.nan
    return pa.array(numbers.astype(np.float32), mask=np.isnan(numbers))


def type_weight(column: pa.ChunkedArray, origin: Origin) -> pa.Array:
    """Returns how much each event counts, float32."""
    numbers, show = read_numbers(column, origin)
    bad = ~((numbers > 0) & (numbers <= LARGEST))
    origin.refuse(
        "weight",
        np.flatnonzero(bad),
        show,
        lambda text: f"{cut(text) or repr('')} is no weight: it must be a number above 0",
        "Correct or remove the line, or leave `weight` out of the definition.",
    )
    return pa.array(np.where(bad, 1.0, numbers).astype(np.float32))


def read_numbers(column: pa.ChunkedArray, origin: Origin) -> tuple[Floats, Show]:
    """Returns a column as float64, NaN where there is none, and what shows a row's value."""
    kind = column.type
    if is_text(kind):
        texts, _ = encode(column)
        values = _parse(texts, origin)
        return np.append(values, np.nan)[texts.codes], texts.text
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        numbers = column.cast(pa.float64(), safe=False).to_numpy()
        numbers = np.array(numbers, np.float64)
        return numbers, lambda row: f"{column[row].as_py()}"
    wrong_type(column, "numbers", "Write numbers.", origin)
    return np.full(len(column), np.nan), lambda row: ""


def explain(text: str, decimal_comma: bool = False) -> tuple[str, str, str]:
    """Returns the kind of fault, the problem and the remedy of a text that is no number."""
    shown = quoted(text)
    if SPACES.search(text):
        return (
            "no-break-space",
            f"{shown} holds a no-break space",
            "Write digits without spaces between them.",
        )
    if any(character.isdigit() and not character.isascii() for character in text):
        return (
            "other-digits",
            f"{shown} is written in other digits than 0 to 9",
            "Write the digits 0 to 9.",
        )
    if text.lower() in MISSING:
        return (
            "missing-word",
            f"{shown} is not a number",
            "Leave the field empty where it is missing.",
        )
    if "," in text and "." in text:
        return "thousands", f"{shown} is not a number", "Write no separators of thousands."
    if re.fullmatch(r"[+-]?\d*,\d+", text, re.ASCII) and not decimal_comma:
        return (
            "decimal-comma",
            f"{shown} has a decimal comma",
            "Write a decimal point, or separate the columns with ';'.",
        )
    return "not-a-number", f"{shown} is not a number", CORRECT


def _parse(texts: Texts, origin: Origin) -> Floats:
    """Returns each distinct text as a number; infinite ones are told about as out of range."""
    values = texts.values
    comma = origin.shard.decimal_comma
    if comma:
        values = pa.compute.replace_substring_regex(
            values, pattern=r"^([+-]?[0-9]*),([0-9]+)$", replacement=r"\1.\2"
        )
    sound = pa.compute.match_substring_regex(values, NUMBER)
    is_infinite = pa.compute.match_substring_regex(values, r"^[+-]?(?i:inf(?:inity)?)$")
    unsigned = pa.compute.replace_substring_regex(values, pattern=r"^\+", replacement="")
    readable = pa.compute.or_(sound, is_infinite)
    numbers = pa.compute.if_else(readable, unsigned, pa.scalar(None, pa.string()))
    parsed = np.array(numbers.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
    refuse_texts(texts, ~readable.to_numpy(zero_copy_only=False), origin)
    return parsed


def refuse_texts(texts: Texts, bad: npt.NDArray[np.bool_], origin: Origin) -> None:
    """Refuses texts that are no numbers, each kind of fault apart."""
    comma = origin.shard.decimal_comma
    groups: dict[tuple[str, str], list[int]] = {}
    for code in np.flatnonzero(bad):
        kind, _, remedy = explain(texts.values[int(code)].as_py(), comma)
        groups.setdefault((kind, remedy), []).append(int(code))
    for (kind, remedy), codes in groups.items():
        of_kind = np.zeros(len(texts.values), np.bool_)
        of_kind[codes] = True
        origin.refuse(
            kind,
            texts.where(of_kind),
            texts.text,
            lambda text: explain(text, comma)[1],
            remedy,
        )


def _bounds(feature: Number) -> str:
    if feature.min is not None and feature.max is not None:
        return f"from {feature.min:g} to {feature.max:g}"
    if feature.min is not None:
        return f"at least {feature.min:g}"
    if feature.max is not None:
        return f"at most {feature.max:g}"
    return "finite"
