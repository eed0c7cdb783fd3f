"""REST bodies: JSON rows or columns to arrays, as TensorFlow Serving reads them, and back."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from serving.stand_in import json_text, tensors
from serving.stand_in.errors import ServingError, invalid
from serving.stand_in.json_text import JSON
from serving.stand_in.json_values import is_base64, plain, reader


@dataclasses.dataclass(frozen=True)
class Body:
    """A predict request whose tensors are not read yet: the signature has their types."""

    signature_name: str
    document: dict[str, JSON]

    @property
    def by_row(self) -> bool:
        """Whether the inputs come row by row, and so shall the outputs."""
        return "instances" in self.document


def parse(text: bytes) -> Body:
    """Reads the body of a predict request.

    Raises:
        ServingError: It is not JSON, or not an object, or its signature has no name.
    """
    document = json_text.parse(text)
    if not isinstance(document, dict):
        raise _malformed(document, "Is not object")
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise _malformed(
            document, "not formatted correctly. 'signature_name' key must be a string value."
        )
    return Body(name, document)


def inputs(
    body: Body, wanted: Mapping[str, meta_graph_pb2.TensorInfo], max_batch: int | None = None
) -> dict[str, np.ndarray]:
    """Returns the inputs of a request.

    Args:
        body: Body of the request.
        wanted: Inputs of the signature, by name.
        max_batch: Largest number of rows, if there is one.

    Raises:
        ServingError: Names, types or shapes are not the signature's.
    """
    document = body.document
    if not wanted:
        name = body.signature_name or "DEFAULT"
        raise invalid(f"Failed to get input map for signature: {name}")
    if "inputs" in document and body.by_row:
        raise _malformed(
            document,
            "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
        )
    if "inputs" in document:
        return _from_columns(document["inputs"], wanted, max_batch)
    if not body.by_row:
        raise invalid("Missing 'inputs' or 'instances' key")
    rows = document["instances"]
    if not isinstance(rows, list):
        raise _malformed(document, "Excepting 'instances' to be an list/array")
    if not rows:
        raise _malformed(document, "No values in 'instances' array")
    return _from_rows(rows, wanted, max_batch)


def outputs(arrays: Mapping[str, np.ndarray], by_row: bool) -> JSON:
    """Returns the answer to a request, in the request's own format.

    Raises:
        ServingError: By row, and the outputs are not batches of one size.
    """
    values = {name: plain(name, array) for name, array in arrays.items()}
    if not by_row:
        return {"outputs": next(iter(values.values())) if len(values) == 1 else values}
    size = None
    for name, array in arrays.items():
        if not array.ndim:
            raise invalid(f"Tensor name: {name} has no shape information ")
        if size not in (None, len(array)):
            raise invalid(
                f"Tensor name: {name} has inconsistent batch size: {len(array)} expecting: {size}"
            )
        size = len(array)
    if len(values) == 1:
        return {"predictions": next(iter(values.values()))}
    rows = zip(*values.values(), strict=True)
    return {"predictions": [dict(zip(values, row, strict=True)) for row in rows]}


def _from_columns(
    values: JSON, wanted: Mapping[str, meta_graph_pb2.TensorInfo], max_batch: int | None
) -> dict[str, np.ndarray]:
    if not _is_named(values):
        if len(wanted) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple input tensors "
                "required as per tensorinfo_map"
            )
        values = {next(iter(wanted)): values}
    arrays = {}
    for name in sorted(wanted):
        if name not in values:
            raise invalid(f"Missing named input: {name} in 'inputs' object.")
        shape = _shape(values[name])
        tensors.check_size(name, shape, max_batch)
        leaves: list[Any] = []
        _fill(values[name], 0, shape, reader(wanted[name].dtype), leaves)
        arrays[name] = _array(leaves, shape, wanted[name].dtype)
    return arrays


def _from_rows(
    rows: list[JSON], wanted: Mapping[str, meta_graph_pb2.TensorInfo], max_batch: int | None
) -> dict[str, np.ndarray]:
    if not isinstance(rows[0], dict) and len(wanted) > 1:
        raise invalid(
            "instances is a plain list, but expecting list of objects as multiple input "
            "tensors required as per tensorinfo_map"
        )
    columns = {name: _Rows(name, wanted[name].dtype, len(rows), max_batch) for name in wanted}
    only = next(iter(columns.values()))
    named = _is_named(rows[0])
    for place, row in enumerate(rows):
        if _is_named(row) and not named:
            raise invalid(f"Expecting value/list but got object at item {place} of input list")
        if named and not _is_named(row):
            raise invalid(f"Expecting object but got list at item {place} of input list")
        for name, value in row.items() if named else ((None, row),):
            try:
                if name is not None and name not in columns:
                    raise invalid(f"JSON object: does not have named input: {name}")
                (columns[name] if name is not None else only).add(value)
            except ServingError as error:
                key = f" key: {name}" if name is not None else ""
                raise invalid(
                    f"Failed to process element: {place}{key} of 'instances' list. Error: "
                    f"{error.code.name}: {error.message}"
                ) from error
        if named and len(row) != len(columns):
            raise invalid(
                f"Failed to process element: {place} of 'instances' list. JSON object: "
                f"{json_text.show(row)} keys must be equal to: {','.join(sorted(columns))}"
            )
    return {name: column.array() for name, column in columns.items() if named or column is only}


class _Rows:
    """The values of an input in all rows: each of one shape."""

    def __init__(self, name: str, dtype: int, rows: int, max_batch: int | None) -> None:
        tensors.check_size(name, [rows], max_batch)
        self._name = name
        self._dtype = dtype
        self._convert = reader(dtype)
        self._rows = rows
        self._shape: list[int] | None = None
        self._leaves: list[Any] = []

    def add(self, value: JSON) -> None:
        shape = _shape(value)
        if shape != self._shape:
            tensors.check_size(self._name, [self._rows, *shape])
        before = len(self._leaves)
        _fill(value, 0, shape, self._convert, self._leaves)
        if self._shape is None:
            self._shape = shape
        elif self._shape != shape:
            size, expected = len(self._leaves) - before, int(np.prod(self._shape))
            if size != expected:
                raise invalid(f"Expecting tensor size: {expected} but got: {size}")
            raise invalid(f"Expecting shape {_show(self._shape)} but got: {_show(shape)}")

    def array(self) -> np.ndarray:
        return _array(self._leaves, [self._rows, *(self._shape or [])], self._dtype)


def _shape(value: JSON) -> list[int]:
    """Returns the sizes of lists in lists, by the first of each."""
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0] if value else None
    return shape


def _fill(
    value: JSON,
    level: int,
    shape: Sequence[int],
    convert: Callable[[JSON], Any],
    leaves: list[Any],
) -> None:
    """Appends the converted values of lists in lists, which are to be of a shape."""
    if not isinstance(value, list):
        if level != len(shape):
            raise invalid(
                f"JSON Value: {json_text.show(value)} found at incorrect level: {level + 1} in the "
                f"JSON DOM. Expected at level: {len(shape)}"
            )
        leaves.append(convert(value))
        return
    if level >= len(shape):
        raise invalid(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        raise invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: "
            f"{shape[level]}"
        )
    if level == len(shape) - 1 and list not in map(type, value):
        leaves.extend(map(convert, value))
        return
    for item in value:
        _fill(item, level + 1, shape, convert, leaves)


def _array(leaves: list[Any], shape: Sequence[int], dtype: int) -> np.ndarray:
    kind = tf.as_dtype(dtype).as_numpy_dtype
    with np.errstate(over="ignore"):  # what a float32 can't hold is infinite
        return np.array(leaves, dtype=kind).reshape(shape)


def _is_named(value: JSON) -> bool:
    return isinstance(value, dict) and not is_base64(value)


def _malformed(value: JSON, reason: str) -> ServingError:
    return invalid(f"JSON Value: {json_text.show(value)} {reason}")


def _show(shape: Sequence[int]) -> str:
    return f"[{','.join(map(str, shape))}]"
