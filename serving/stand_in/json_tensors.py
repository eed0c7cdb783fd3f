"""REST bodies: JSON rows or columns to arrays, as TensorFlow Serving reads them, and back."""

import dataclasses
import itertools
import json
from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from serving.stand_in import tensors
from serving.stand_in.errors import invalid
from serving.stand_in.json_values import JSON, is_base64, plain, reader, shown


@dataclasses.dataclass(frozen=True)
class Body:
    """A predict request whose tensors are not read yet: the signature has their types."""

    signature_name: str
    values: JSON
    by_row: bool


def parse(text: bytes) -> Body:
    """Reads the body of a predict request.

    Raises:
        ServingError: It is not JSON, or not a predict request.
    """
    if not text.strip():
        raise invalid("JSON Parse error: The document is empty at offset: 0")
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise invalid(f"JSON Parse error: Invalid value. at offset: {error.pos}") from error
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise invalid(f"JSON Parse error: Invalid value. {type(error).__name__}") from error
    if not isinstance(document, dict):
        raise invalid(f"JSON Value: {shown(document)} Is not object")
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid(
            f"JSON Value: {shown(document)} not formatted correctly. 'signature_name' key must "
            "be a string value."
        )
    if "instances" in document and "inputs" in document:
        raise invalid(
            f"JSON Value: {shown(document)} Not formatted correctly expecting only one of "
            "'inputs' or 'instances' keys to exist"
        )
    if "inputs" in document:
        return Body(name, document["inputs"], by_row=False)
    if "instances" not in document:
        raise invalid("Missing 'inputs' or 'instances' key")
    rows = document["instances"]
    if not isinstance(rows, list):
        raise invalid(f"JSON Value: {shown(document)} Excepting 'instances' to be an list/array")
    if not rows:
        raise invalid(f"JSON Value: {shown(document)} No values in 'instances' array")
    return Body(name, rows, by_row=True)


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
    columns = _columns_of_rows(body.values, set(wanted)) if body.by_row else None
    if columns is None:
        columns = _columns(body.values, set(wanted))
    return {
        name: _array(name, values, wanted[name].dtype, max_batch)
        for name, values in columns.items()
    }


def outputs(arrays: Mapping[str, np.ndarray], by_row: bool) -> JSON:
    """Returns the answer to a request, in the request's own format.

    Raises:
        ServingError: By row, and the outputs are not batches of one size.
    """
    values = {name: plain(name, array) for name, array in arrays.items()}
    if not by_row:
        return {"outputs": next(iter(values.values())) if len(values) == 1 else values}
    for name, array in arrays.items():
        if not array.ndim:
            raise invalid(f"Tensor name: {name} has no shape information")
    sizes = {len(array) for array in arrays.values()}
    if len(sizes) != 1:
        raise invalid(f"Tensors have inconsistent batch size: {sorted(sizes)}")
    if len(values) == 1:
        return {"predictions": next(iter(values.values()))}
    rows = zip(*values.values(), strict=True)
    return {"predictions": [dict(zip(values, row, strict=True)) for row in rows]}


def _columns_of_rows(rows: list, names: set[str]) -> dict[str, list]:
    if not _is_named(rows[0]):
        if len(names) > 1:
            raise invalid(
                "instances is a plain list, but expecting list of objects as multiple input "
                "tensors required as per tensorinfo_map"
            )
        for place, row in enumerate(rows):
            if _is_named(row):
                raise invalid(f"Expecting value/list but got object at item {place} of input list")
        return {next(iter(names)): rows}
    for place, row in enumerate(rows):
        if not _is_named(row):
            raise invalid(f"Expecting object but got list at item {place} of input list")
        if set(row) != names:
            raise invalid(
                f"Failed to process element: {place} of 'instances' list. JSON object: "
                f"{shown(row)} keys must be equal to: {','.join(sorted(names))}"
            )
    return {name: [row[name] for row in rows] for name in names}


def _columns(values: JSON, names: set[str]) -> dict[str, JSON]:
    if not _is_named(values):
        if len(names) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple input tensors "
                "required as per tensorinfo_map"
            )
        return {next(iter(names)): values}
    for name in sorted(names):
        if name not in values:
            raise invalid(f"Missing named input: {name} in 'inputs' object.")
    return {name: values[name] for name in names}


def _array(name: str, values: JSON, dtype: int, max_batch: int | None) -> np.ndarray:
    """Returns nested lists of one type and regular shape as an array."""
    shape: list[int] = []
    level = [values]
    while isinstance(level[0], list):
        shape.append(len(level[0]))
        tensors.check_size(name, shape, max_batch)
        for item in level:
            if not isinstance(item, list) or len(item) != shape[-1]:
                raise invalid(
                    f"Failed to process input {name}: Encountered list at unexpected size or "
                    f"level: {shown(item)} at level: {len(shape) - 1} expected size: {shape[-1]}"
                )
        level = list(itertools.chain.from_iterable(level))
        if not level:
            break
    leaves = list(map(reader(dtype), level))
    kind = tf.as_dtype(dtype).as_numpy_dtype
    try:
        return np.array(leaves, dtype=kind).reshape(shape)
    except OverflowError as error:
        raise invalid(f"Failed to process input {name}: {error}") from error


def _is_named(value: JSON) -> bool:
    return isinstance(value, dict) and not is_base64(value)
