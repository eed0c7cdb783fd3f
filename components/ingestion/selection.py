"""Which rows count: duplicates, conditions on events, unknown items and users, repeats."""

import dataclasses
import re
from collections.abc import Callable, Collection, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from components.ingestion.faults import Faults, quoted
from components.ingestion.readers.shards import Lines, Shard, locate
from transform import features
from transform.conditions import OPERATORS, Condition, parse_comparison

DENSE = 64
PANDAS_FLOAT = re.compile(r"(\d+)\.0+")
FLOAT_REMEDY = (
    "Write ids the same in all files: pandas makes whole numbers with gaps to floats, its type "
    "Int64 does not."
)

Mask: TypeAlias = npt.NDArray[np.bool_]
Told: TypeAlias = tuple[str, str]
"""A value at fault, and the problem with it."""


@dataclasses.dataclass(frozen=True)
class Source:
    """A typed table, and the files that it was put together from."""

    shards: Sequence[Shard]
    table: pa.Table

    @property
    def names(self) -> str:
        """Names of the files, for messages."""
        first = self.shards[0].path if self.shards else None
        if first is None:
            return "no file"
        return first.name if len(self.shards) == 1 else f"{first.parent.name}/"

    def place(self, row: int, other: Shard) -> str:
        """Returns where a row is, said in a message about another file or the same."""
        shard, inside, _ = next(locate(self.shards, np.array([row])))
        line = f"{shard.unit} {shard.line(int(inside[0]))}"
        return line if shard.path == other.path else f"{line} of {shard.path}"


def refuse_duplicates(source: Source, name: str, noun: str, faults: Faults) -> None:
    """Refuses an id that a table of items or users holds twice, naming both lines."""
    codes = codes_of(source.table, name)
    values = values_of(source.table, name)
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    repeated = (ordered[1:] == ordered[:-1]) & (ordered[1:] >= 0)
    if not repeated.any():
        return
    starts = np.searchsorted(ordered, ordered[1:][repeated])
    first_of = dict(zip(order[1:][repeated].tolist(), order[starts].tolist(), strict=True))
    for shard, inside, rows in locate(source.shards, np.sort(order[1:][repeated])):
        row_of = dict(zip(inside.tolist(), rows.tolist(), strict=True))

        def describe(row: int, shard: Shard = shard, row_of: dict[int, int] = row_of) -> Told:
            whole = row_of[row]
            text = values[int(codes[whole])].as_py()
            before = source.place(first_of[whole], shard)
            return text, f"{noun} {text} is already on {before}"

        faults.add_rows("duplicate-id", shard, inside, describe, "Keep one of the two lines.")


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
            near = f" (but {twin} is: did a spreadsheet cut the zeros?)" if twin else ""
            return f"{noun} {text} is not in {known.names}{near}, but has an event"

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


def refuse_repeats(events: Source, kept: Mask, noun: str, faults: Faults) -> None:
    """Refuses a second event of a user with an item, naming both lines."""
    users, items = (codes_of(events.table, name) for name in (features.USER_ID, features.ITEM_ID))
    considered = kept & (users >= 0) & (items >= 0)
    width = len(values_of(events.table, features.ITEM_ID))
    pairs = users.astype(np.int64) * width + items
    pairs = pairs if considered.all() else pairs[considered]
    if _all_differ(pairs):
        return
    ordered = np.sort(pairs)
    rows = np.flatnonzero(considered)
    order = np.argsort(pairs, kind="stable")
    repeated = pairs[order[1:]] == pairs[order[:-1]]
    starts = np.searchsorted(ordered, ordered[1:][repeated])
    first_of = dict(
        zip(rows[order[1:][repeated]].tolist(), rows[order[starts]].tolist(), strict=True)
    )
    people, things = (
        values_of(events.table, name) for name in (features.USER_ID, features.ITEM_ID)
    )
    for shard, inside, whole in locate(events.shards, np.sort(rows[order[1:][repeated]])):
        row_of = dict(zip(inside.tolist(), whole.tolist(), strict=True))

        def describe(row: int, shard: Shard = shard, row_of: dict[int, int] = row_of) -> Told:
            number = row_of[row]
            user = people[int(users[number])].as_py()
            item = things[int(items[number])].as_py()
            before = events.place(first_of[number], shard)
            return (
                f"{user}, {item}",
                f"user {user} already has an event with {noun} {item} on {before}",
            )

        faults.add_rows(
            "repeat",
            shard,
            inside,
            describe,
            "Keep one of the two lines, or set `event.repeats: keep` in the definition.",
        )


def _all_differ(numbers: npt.NDArray[np.int64]) -> bool:
    """Returns whether no number is there twice."""
    top = int(numbers.max(initial=0)) + 1
    if top <= DENSE * len(numbers):  # a mark each costs less than sorting
        seen = np.zeros(top, np.bool_)
        seen[numbers] = True
        return int(np.count_nonzero(seen)) == len(numbers)
    ordered = np.sort(numbers)
    return not (ordered[1:] == ordered[:-1]).any()


def codes_of(table: pa.Table, name: str) -> npt.NDArray[np.int32]:
    """Returns which distinct text each row has, -1 for none."""
    column = _single(table, name)
    codes: npt.NDArray[np.int32] = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return codes


def values_of(table: pa.Table, name: str) -> pa.Array:
    """Returns the distinct texts of a column."""
    return _single(table, name).dictionary


def _single(table: pa.Table, name: str) -> pa.DictionaryArray:
    column = table.column(name)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    return column.unify_dictionaries().combine_chunks()


def _picked(values: pa.Array, mask: Mask) -> list[str]:
    return values.filter(pa.array(mask)).to_pylist()  # type: ignore[no-any-return]


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
