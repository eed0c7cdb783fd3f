"""REST bodies: JSON to arrays as TensorFlow Serving reads it, and arrays to JSON."""

import base64
import binascii
import dataclasses
import itertools
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from pipeline.serving.server import tensors
from pipeline.serving.server.errors import ServingError, StatusCode, invalid

JSON = Any
SHOWN = 200
"""Characters of a value that an error message repeats."""


@dataclasses.dataclass(frozen=True)
class Body:
    """A request, its tensors not read yet: their types are the signature's to say."""

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
        raise invalid(f"JSON Value: {_shown(document)} Is not object")
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid(
            f"JSON Value: {_shown(document)} not formatted correctly. 'signature_name' key must "
            "be a string value."
        )
    if "instances" in document and "inputs" in document:
        raise invalid(
            f"JSON Value: {_shown(document)} Not formatted correctly expecting only one of "
            "'inputs' or 'instances' keys to exist"
        )
    if "inputs" in document:
        return Body(name, document["inputs"], by_row=False)
    if "instances" not in document:
        raise invalid("Missing 'inputs' or 'instances' key")
    rows = document["instances"]
    if not isinstance(rows, list):
        raise invalid(f"JSON Value: {_shown(document)} Excepting 'instances' to be an list/array")
    if not rows:
        raise invalid(f"JSON Value: {_shown(document)} No values in 'instances' array")
    return Body(name, rows, by_row=True)


def inputs(body: Body, wanted: Mapping[str, meta_graph_pb2.TensorInfo]) -> dict[str, np.ndarray]:
    """Returns the inputs of a request.

    Args:
        body: The request.
        wanted: The signature's inputs by name.

    Raises:
        ServingError: Names, types or shapes are not the signature's.
    """
    columns = _columns_of_rows(body.values, set(wanted)) if body.by_row else None
    if columns is None:
        columns = _columns(body.values, set(wanted))
    return {name: _array(name, values, wanted[name].dtype) for name, values in columns.items()}


def outputs(arrays: Mapping[str, np.ndarray], by_row: bool) -> JSON:
    """Returns the answer to a request, in the format that it came in.

    Raises:
        ServingError: By row, and the outputs are not batches of one size.
    """
    plain = {name: _plain(name, array) for name, array in arrays.items()}
    if not by_row:
        return {"outputs": next(iter(plain.values())) if len(plain) == 1 else plain}
    for name, array in arrays.items():
        if not array.ndim:
            raise invalid(f"Tensor name: {name} has no shape information")
    sizes = {len(array) for array in arrays.values()}
    if len(sizes) != 1:
        raise invalid(f"Tensors have inconsistent batch size: {sorted(sizes)}")
    if len(plain) == 1:
        return {"predictions": next(iter(plain.values()))}
    rows = zip(*plain.values(), strict=True)
    return {"predictions": [dict(zip(plain, row, strict=True)) for row in rows]}


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
                f"{_shown(row)} keys must be equal to: {','.join(sorted(names))}"
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


def _array(name: str, values: JSON, dtype: int) -> np.ndarray:
    """Returns nested lists of one type and regular shape as an array."""
    shape: list[int] = []
    level = [values]
    while isinstance(level[0], list):
        shape.append(len(level[0]))
        for item in level:
            if not isinstance(item, list) or len(item) != shape[-1]:
                raise invalid(
                    f"Failed to process input {name}: Encountered list at unexpected size or "
                    f"level: {_shown(item)} at level: {len(shape) - 1} expected size: {shape[-1]}"
                )
        tensors.check_size(name, shape)
        level = list(itertools.chain.from_iterable(level))
        if not level:
            break
    convert = _CONVERT.get(dtype)
    if convert is None:
        raise ServingError(
            StatusCode.UNIMPLEMENTED,
            f"Conversion of JSON Value to type: {tf.as_dtype(dtype).name}",
        )
    leaves = [convert(value, dtype) for value in level]
    kind = tf.as_dtype(dtype).as_numpy_dtype
    try:
        return np.array(leaves, dtype=kind).reshape(shape)
    except OverflowError as error:
        raise invalid(f"Failed to process input {name}: {error}") from error


def _text(value: JSON, dtype: int) -> bytes:
    try:
        if isinstance(value, str):
            return value.encode()
        if _is_base64(value):
            return base64.b64decode(value["b64"], validate=True)
    except UnicodeEncodeError as error:
        raise invalid("JSON Parse error: The surrogate pair in string is invalid.") from error
    except (binascii.Error, ValueError) as error:
        raise invalid(f"Unable to base64 decode: {error}") from error
    if isinstance(value, dict):
        raise invalid(f"JSON Value: {_shown(value)} not formatted correctly for base64 data")
    raise _type_error(value, dtype)


def _whole(value: JSON, dtype: int) -> int:
    limits = np.iinfo(tf.as_dtype(dtype).as_numpy_dtype)
    if type(value) is not int or not limits.min <= value <= limits.max:
        raise _type_error(value, dtype)
    return value


def _decimal(value: JSON, dtype: int) -> float:
    if type(value) not in (int, float):
        raise _type_error(value, dtype)
    limits = np.finfo(tf.as_dtype(dtype).as_numpy_dtype)
    exact = 2 ** (limits.nmant + 1) - 1
    if type(value) is int:
        fits = abs(value) <= exact
    else:
        fits = not np.isfinite(value) or abs(value) <= float(limits.max)
    if not fits:
        raise invalid(
            f"Cannot convert JSON value: {_shown(value)} to {_type_name(dtype)} without loss of "
            "precision."
        )
    return float(value)


def _truth(value: JSON, dtype: int) -> bool:
    if not isinstance(value, bool):
        raise _type_error(value, dtype)
    return value


_CONVERT = {
    tf.string.as_datatype_enum: _text,
    tf.bool.as_datatype_enum: _truth,
    **dict.fromkeys((kind.as_datatype_enum for kind in (tf.float32, tf.float64)), _decimal),
    **dict.fromkeys(
        (
            kind.as_datatype_enum
            for kind in (tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8, tf.uint32, tf.uint64)
        ),
        _whole,
    ),
}


def _plain(name: str, array: np.ndarray) -> JSON:
    """Returns an array as JSON can hold it; float32 in the fewest digits that name it."""
    if array.dtype == np.float32:
        flat = [float(str(value)) for value in array.ravel()]
        return np.array(flat, np.float64).reshape(array.shape).tolist()
    if array.dtype != object:
        return array.tolist()
    boxed = np.empty(array.size, object)
    if name.endswith("_bytes"):
        boxed[:] = [{"b64": base64.b64encode(value).decode()} for value in array.ravel()]
    else:
        boxed[:] = [value.decode(errors="replace") for value in array.ravel()]
    return boxed.reshape(array.shape).tolist()


def _is_base64(value: JSON) -> bool:
    return isinstance(value, dict) and list(value) == ["b64"] and isinstance(value["b64"], str)


def _is_named(value: JSON) -> bool:
    return isinstance(value, dict) and not _is_base64(value)


def _type_name(dtype: int) -> str:
    return {"float32": "float", "float64": "double"}.get(
        tf.as_dtype(dtype).name, tf.as_dtype(dtype).name
    )


def _type_error(value: JSON, dtype: int) -> ServingError:
    kind = {type(None): "Null", bool: "Bool", dict: "Object", list: "Array", str: "String"}.get(
        type(value), "Number"
    )
    return invalid(
        f"JSON Value: {_shown(value)} Type: {kind} is not of expected type: {_type_name(dtype)}"
    )


def _shown(value: JSON) -> str:
    text = json.dumps(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
