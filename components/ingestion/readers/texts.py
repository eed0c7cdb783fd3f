"""Texts: ids, titles, categories and words, checked by their distinct values."""

import dataclasses
import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from components.ingestion.faults import quoted
from components.ingestion.readers.shards import Origin
from transform.kinds import Categories, Category

CORRECT = "Correct or remove the line."
SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d+")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclasses.dataclass(frozen=True)
class Texts:
    """A column as its distinct values."""

    codes: npt.NDArray[np.int32]
    """`[rows]` which of the values, -1 where there is none."""

    values: pa.Array
    """`[distinct]` string, without blanks around them, none of them empty."""

    def where(self, bad: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Returns the rows whose value is bad.

        Args:
            bad: `[distinct]` whether each value is.
        """
        if not bad.any():
            return np.zeros(0, np.int64)
        return np.flatnonzero(np.append(bad, False)[self.codes])

    def text(self, row: int) -> str:
        """Returns the value of a row, "" where there is none."""
        return "" if self.codes[row] < 0 else self.values[int(self.codes[row])].as_py()

    def dictionary(self) -> pa.DictionaryArray:
        """Returns the column as dictionary<int32, string>, nullable."""
        return pa.DictionaryArray.from_arrays(self._indices(), self.values)

    def strings(self) -> pa.Array:
        """Returns the column as string, nullable."""
        return self.values.take(self._indices())

    def _indices(self) -> pa.Array:
        missing = self.codes < 0
        return pa.array(self.codes, pa.int32(), mask=missing if missing.any() else None)


def is_text(kind: pa.DataType) -> bool:
    """Returns whether values of a type are texts."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)


def encode(column: pa.ChunkedArray) -> tuple[Texts, int]:
    """Returns a column of texts, and in how many distinct values blanks were cut."""
    if pa.types.is_null(column.type) or not len(column):
        return Texts(np.full(len(column), -1, np.int32), pa.array([], pa.string())), 0
    if not pa.types.is_dictionary(column.type):
        column = (
            column if column.type == pa.string() else column.cast(pa.string())
        ).dictionary_encode()
    array = column.unify_dictionaries().combine_chunks()
    values = array.dictionary.cast(pa.string())
    indices = array.indices.fill_null(-1) if array.null_count else array.indices
    codes = indices.to_numpy().astype(np.int32, copy=False)
    trimmed = pa.compute.utf8_trim_whitespace(values)
    cut = int(pa.compute.sum(pa.compute.not_equal(trimmed, values)).as_py() or 0)
    if cut or pa.compute.any(pa.compute.equal(values, "")).as_py():
        again = trimmed.dictionary_encode()
        values = again.dictionary
        place = again.indices.to_numpy(zero_copy_only=False).astype(np.int32)
        place[trimmed.to_numpy(zero_copy_only=False) == ""] = -1
        codes = np.append(place, np.int32(-1))[codes]
    return Texts(codes, values), cut


def type_id(column: pa.ChunkedArray, origin: Origin) -> pa.DictionaryArray:
    """Returns ids as dictionary<int32, string>; blanks around them are cut and told about."""
    if pa.types.is_integer(column.type) or pa.types.is_decimal(column.type):
        column = column.cast(pa.string())
    if not is_text(column.type):
        remedy = "Write ids as text or whole numbers."
        if pa.types.is_floating(column.type):
            remedy += " pandas makes numbers with gaps to floats; its type Int64 does not."
        wrong_type(column, "ids: text or whole numbers", remedy, origin)
        return Texts(np.full(len(column), -1, np.int32), pa.array([], pa.string())).dictionary()
    texts, cut = encode(column)
    if cut:
        origin.faults.warn(
            f"{origin.shard.path}: {cut:,} ids in {origin.column} have blanks around them, which "
            "are cut."
        )
    missing = np.flatnonzero(texts.codes < 0)
    origin.refuse("missing-id", missing, texts.text, lambda _: "is empty", CORRECT)
    bad = _matching(texts.values, CONTROL)
    origin.refuse(
        "bad-id",
        texts.where(bad),
        texts.text,
        lambda text: f"{quoted(text)} holds a line break or another control character",
        CORRECT,
    )
    origin.refuse(
        "excel-id",
        texts.where(_matching(texts.values, SCIENTIFIC)),
        texts.text,
        lambda text: f"{quoted(text)} was cut by a spreadsheet, different ids to the same one",
        "Export the ids as text.",
    )
    return texts.dictionary()


def type_title(column: pa.ChunkedArray, origin: Origin) -> pa.Array:
    """Returns what people are shown, string; refuses an item without it."""
    texts = _texts(column, origin)
    origin.refuse(
        "missing-title",
        np.flatnonzero(texts.codes < 0),
        texts.text,
        lambda _: "is empty: no title",
        "Add the title, or leave `item.title` out of the definition, so that the id is shown.",
    )
    return texts.strings()


def type_words(column: pa.ChunkedArray, required: bool, origin: Origin) -> pa.Array:
    """Returns texts as string, nullable."""
    texts = _texts(column, origin)
    if required:
        refuse_missing(texts.codes < 0, origin)
    return texts.strings()


def type_category(column: pa.ChunkedArray, feature: Category, origin: Origin) -> pa.DictionaryArray:
    """Returns a category as dictionary<int32, string>, nullable."""
    texts = _texts(column, origin)
    if feature.required:
        refuse_missing(texts.codes < 0, origin)
    if feature.values:
        unknown = pa.compute.is_in(texts.values, value_set=pa.array(feature.values, pa.string()))
        _refuse_unlisted(
            texts.where(~unknown.to_numpy(zero_copy_only=False)),
            texts.text,
            feature.values,
            origin,
        )
    return texts.dictionary()


def type_categories(column: pa.ChunkedArray, feature: Categories, origin: Origin) -> pa.Array:
    """Returns categories as list<string>: trimmed, each once, without those that mean none."""
    rows = len(column)
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        lists = column.combine_chunks()
    else:
        lists = pa.compute.split_pattern(_texts(column, origin).strings(), feature.separator)
    lists = lists.cast(pa.list_(lists.type.value_type))
    if not is_text(lists.type.value_type):
        wrong_type(column, "texts or lists of texts", "Write texts.", origin)
        lists = pa.array([None] * rows, pa.list_(pa.string()))
    texts, _ = encode(pa.chunked_array([lists.flatten()]))
    parents = pa.compute.list_parent_indices(lists).to_numpy().astype(np.int64)
    none = pa.compute.is_in(texts.values, value_set=pa.array(feature.none, pa.string()))
    kept = np.append(~none.to_numpy(zero_copy_only=False), False)[texts.codes]
    pairs = parents * (len(texts.values) + 1) + texts.codes
    first = np.zeros(len(pairs), np.bool_)
    first[np.unique(pairs, return_index=True)[1]] = True
    kept &= first
    parents, codes = parents[kept], texts.codes[kept]
    counts = np.bincount(parents, minlength=rows)
    if feature.required:
        refuse_missing(counts == 0, origin)
    if feature.values:
        listed = pa.compute.is_in(texts.values, value_set=pa.array(feature.values, pa.string()))
        bad = np.flatnonzero(~listed.to_numpy(zero_copy_only=False)[codes])
        value_of = {int(parents[index]): int(codes[index]) for index in bad[::-1]}
        _refuse_unlisted(
            np.array(sorted(value_of), np.int64),
            lambda row: texts.values[value_of[row]].as_py(),
            feature.values,
            origin,
        )
    offsets = pa.array(np.append(0, np.cumsum(counts)), pa.int32())
    return pa.ListArray.from_arrays(offsets, texts.values.take(pa.array(codes)))


def refuse_missing(missing: npt.NDArray[np.bool_], origin: Origin) -> None:
    """Refuses records without a value."""
    origin.refuse(
        "missing-value",
        np.flatnonzero(missing),
        lambda _: "",
        lambda _: "is empty, but required",
        f"Add the value, or leave `required` out of {origin.key}.",
    )


def wrong_type(column: pa.ChunkedArray, needed: str, remedy: str, origin: Origin) -> None:
    """Refuses a column of a type that can't be taken."""
    origin.faults.add(
        "column-type",
        origin.shard.path,
        f"column {origin.column} is of type {column.type}, but {origin.key} needs {needed}",
        remedy,
        value=str(column.type),
        about=origin.key,
    )


def _texts(column: pa.ChunkedArray, origin: Origin) -> Texts:
    """Returns a column of texts, or of what has one spelling only."""
    if pa.types.is_integer(column.type) or pa.types.is_boolean(column.type):
        column = column.cast(pa.string())
    if not is_text(column.type):
        wrong_type(column, "text", "Write it as text.", origin)
        column = pa.chunked_array([pa.nulls(len(column))])
    return encode(column)[0]


def _matching(values: pa.Array, pattern: re.Pattern[str]) -> npt.NDArray[np.bool_]:
    regex = f"^(?:{pattern.pattern})$" if pattern is SCIENTIFIC else pattern.pattern
    return pa.compute.match_substring_regex(values, regex).to_numpy(zero_copy_only=False)


def _refuse_unlisted(
    rows: npt.NDArray[np.int64],
    text: Callable[[int], str],
    values: tuple[str, ...],
    origin: Origin,
) -> None:
    shown = ", ".join(values[:10]) + (", …" if len(values) > 10 else "")
    origin.refuse(
        "unlisted-value",
        rows,
        text,
        lambda value: f"{quoted(value)} is not one of {shown}",
        f"Correct it, or add it to `values` of {origin.key}.",
    )
