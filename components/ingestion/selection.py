"""Which events count: conditions, unknown items and users, ids that differ by spelling only."""

import re
from collections.abc import Callable, Collection
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from components.ingestion.faults import Faults, cut, quoted
from components.ingestion.readers.shards import Lines, locate
from components.ingestion.source import Source, Told, codes_of, values_of
from transform.conditions import OPERATORS, Condition, parse_comparison

PANDAS_FLOAT = re.compile(r"(\d+)\.0+")
FLOAT_REMEDY = (
    "Write ids the same in all files: pandas makes whole numbers with gaps to floats, its type "
    "Int64 does not."
)

Mask: TypeAlias = npt.NDArray[np.bool_]


def meets(table: pa.Table, conditions: dict[str, Condition]) -> Mask:
    """Returns which events meet all conditions; a missing value meets none."""
    kept = np.ones(table.num_rows, np.bool_)
    for name, condition in conditions.items():
        column = table.column(name)
        if isinstance(condition, str):
            sign, bound = parse_comparison(condition)
            numbers = np.asarray(column.fill_null(np.nan).to_numpy(), np.float64)
            with np.errstate(invalid="ignore"):
                kept &= OPERATORS[sign](numbers, np.float64(np.float32(bound)))
            kept &= ~np.isnan(numbers)
        else:
            values = values_of(table, name)
            listed = pa.compute.is_in(values, value_set=pa.array(condition, pa.string()))
            kept &= np.append(listed.to_numpy(zero_copy_only=False), False)[codes_of(table, name)]
    return kept


def refuse_unknown(
    events: Source,
    kept: Mask,
    known: Source,
    name: str,
    noun: str,
    policy: str,
    faults: Faults,
) -> Mask:
    """Returns which events are of an item or user who is not in their table.

    Args:
        events: The events.
        kept: Which of them count.
        known: The table of items or users.
        name: Of the id in both.
        noun: What people call one.
        policy: "refuse" tells of them; "drop" and "keep" don't.
        faults: Told of them. Ids that differ by pandas' ".0" only are never dropped or kept.
    """
    values, codes = values_of(events.table, name), codes_of(events.table, name)
    listed = pa.compute.is_in(values, value_set=values_of(known.table, name))
    unknown = ~listed.to_numpy(zero_copy_only=False)
    if not unknown.any():
        return np.zeros(len(kept), np.bool_)
    mask = np.append(unknown, False)[codes] & kept
    ids = set(values_of(known.table, name).to_pylist())
    floats = np.array([bool(_float_twin(text, ids)) for text in _picked(values, unknown)], bool)
    is_float = unknown.copy()
    is_float[unknown] = floats
    _refuse(
        "float-ids",
        events,
        np.append(is_float, False)[codes] & kept,
        name,
        lambda text: f"{noun} {quoted(text)} is {quoted(_float_twin(text, ids))} in {known.names}",
        FLOAT_REMEDY,
        faults,
    )
    if policy == "refuse":
        stripped = {text.lstrip("0"): text for text in ids}

        def problem(text: str) -> str:
            twin = stripped.get(text.lstrip("0"))
            near = f" (but {cut(twin)} is: did a spreadsheet cut the zeros?)" if twin else ""
            return f"{noun} {cut(text)} is not in {known.names}{near}, but has an event"

        _refuse(
            f"unknown-{name.removesuffix('_id')}",
            events,
            np.append(unknown & ~is_float, False)[codes] & kept,
            name,
            problem,
            f"Add the {noun} there, remove the events, or set "
            f"`event.unknown_{name.removesuffix('_id')}: drop` in the definition.",
            faults,
        )
    return mask


def refuse_mixed_floats(source: Source, name: str, noun: str, faults: Faults) -> None:
    """Refuses ids of one column that differ by pandas' ".0" only, and warns of such ids."""
    values = values_of(source.table, name)
    floats = pa.compute.match_substring_regex(values, f"^{PANDAS_FLOAT.pattern}$")
    floats = floats.to_numpy(zero_copy_only=False)
    if not floats.any():
        return
    codes = codes_of(source.table, name)
    used = np.zeros(len(values) + 1, np.bool_)
    used[codes] = True
    floats = floats & used[:-1]
    ids = set(_picked(values, used[:-1] & ~floats))
    mixed = floats.copy()
    mixed[floats] = [bool(_float_twin(text, ids)) for text in _picked(values, floats)]
    _refuse(
        "float-ids",
        source,
        np.append(mixed, False)[codes],
        name,
        lambda text: f"{noun} {quoted(text)} is {quoted(_float_twin(text, ids))} elsewhere",
        FLOAT_REMEDY,
        faults,
    )
    if not mixed.any():
        example = values[int(np.argmax(floats))].as_py()
        faults.warn(
            f"{source.names}: ids such as {example} look like whole numbers that pandas made "
            "floats; they are kept as they are."
        )


def _picked(values: pa.Array, mask: Mask) -> list[str]:
    return values.filter(pa.array(mask)).to_pylist()


def _float_twin(text: str, ids: Collection[str]) -> str:
    """Returns the id that is the same but for pandas' ".0", "" where there is none."""
    match = PANDAS_FLOAT.fullmatch(text)
    if match and match[1] in ids:
        return match[1]
    return f"{text}.0" if text.isdigit() and f"{text}.0" in ids else ""


def _refuse(
    kind: str,
    source: Source,
    bad: Mask,
    name: str,
    problem: Callable[[str], str],
    remedy: str,
    faults: Faults,
) -> None:
    values, codes = values_of(source.table, name), codes_of(source.table, name)
    rows: Lines = np.flatnonzero(bad)
    for shard, inside, whole in locate(source.shards, rows):
        text_of = dict(zip(inside[:10].tolist(), whole[:10].tolist(), strict=True))

        def describe(row: int, text_of: dict[int, int] = text_of) -> Told:
            text = values[int(codes[text_of[row]])].as_py()
            return text, problem(text)

        faults.add_rows(kind, shard, inside, describe, remedy, about=name)
