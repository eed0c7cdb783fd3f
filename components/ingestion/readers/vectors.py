"""Vectors as fixed_size_list<float32>, from lists, JSON or numbers with blanks between them."""

import numpy as np
import pyarrow as pa
import pyarrow.compute

from components.ingestion.faults import quoted
from components.ingestion.readers.shards import Origin
from components.ingestion.readers.texts import (
    CORRECT,
    is_text,
    refuse_missing,
    wrong_type,
)
from transform.kinds import Vector

NUMBERS = r"^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?: |$))+$"


def type_vector(column: pa.ChunkedArray, feature: Vector, origin: Origin) -> pa.Array:
    """Returns vectors as fixed_size_list<float32>[size], null where there is none."""
    rows, size = len(column), feature.size
    lists = _lists(column, origin)
    lengths = np.array(pa.compute.list_value_length(lists).fill_null(-1).to_numpy())
    present = lengths >= 0
    sound = lengths == size
    origin.refuse(
        "vector-length",
        np.flatnonzero(present & ~sound),
        lambda row: str(lengths[row]),
        lambda length: f"has {length} numbers instead of {size}",
        f"Correct or remove the line, or change `size` of {origin.key} in the definition.",
    )
    values = np.zeros((rows, size), np.float32)
    kept = lists.filter(pa.array(sound))
    values[sound] = (
        kept.flatten().cast(pa.float32()).to_numpy(zero_copy_only=False).reshape(-1, size)
    )
    finite = np.isfinite(values).all(axis=1)
    origin.refuse(
        "vector-number",
        np.flatnonzero(~finite),
        lambda row: "",
        lambda _: "holds something that is no finite number",
        CORRECT,
    )
    sound &= finite
    if feature.required:
        refuse_missing(~present, origin)
    values[~sound] = 0
    validity = pa.array(sound.astype(np.bool_)).buffers()[1]
    return pa.Array.from_buffers(
        pa.list_(pa.float32(), size), rows, [validity], children=[pa.array(values.ravel())]
    )


def _lists(column: pa.ChunkedArray, origin: Origin) -> pa.ListArray:
    """Returns the vectors as lists of any length."""
    kind = column.type
    none = pa.array([None] * len(column), pa.list_(pa.float64()))
    if pa.types.is_null(kind):
        return none
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        if pa.types.is_integer(kind.value_type) or pa.types.is_floating(kind.value_type):
            array = column.combine_chunks()
            if pa.types.is_fixed_size_list(kind):
                array = _variable(array)
            return array.cast(pa.list_(kind.value_type)).cast(pa.list_(pa.float64()))
        if pa.types.is_null(kind.value_type):
            return column.combine_chunks().cast(pa.list_(pa.float64()))
    if not is_text(kind):
        wrong_type(column, "lists of numbers", "Write lists of floats.", origin)
        return none
    text = column.cast(pa.string()).combine_chunks()
    text = pa.compute.replace_substring_regex(text, pattern=r"[\[\],;\s]+", replacement=" ")
    text = pa.compute.utf8_trim_whitespace(text)
    empty = pa.compute.equal(text, "")
    text = pa.compute.if_else(empty, pa.scalar(None, pa.string()), text)
    readable = pa.compute.fill_null(pa.compute.match_substring_regex(text, NUMBERS), True)
    bad = np.flatnonzero(~readable.to_numpy(zero_copy_only=False))
    origin.refuse(
        "vector-number",
        bad,
        lambda row: column[row].as_py(),
        lambda value: f"{quoted(value)} is no vector",
        "Write numbers with blanks between them, or a JSON list of numbers.",
    )
    if len(bad):
        text = pa.compute.if_else(readable, text, pa.scalar(None, pa.string()))
    text = pa.compute.replace_substring_regex(text, pattern=r"(^| )\+", replacement=r"\1")
    return pa.compute.split_pattern(text, " ").cast(pa.list_(pa.float64()))


def _variable(array: pa.FixedSizeListArray) -> pa.ListArray:
    """Returns lists of one length as lists that might have others."""
    size = array.type.list_size
    valid = np.array(array.is_valid().to_numpy(zero_copy_only=False))
    offsets = np.append(0, np.cumsum(np.where(valid, size, 0))).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(offsets), array.filter(pa.array(valid)).flatten())
    return pa.compute.if_else(pa.array(valid), lists, pa.scalar(None, lists.type))
