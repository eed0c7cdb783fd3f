"""Single values: JSON to tensor elements, as TensorFlow Serving reads them, and back."""

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from serving.stand_in.errors import ServingError, StatusCode, invalid
from serving.stand_in.tensors import type_name

JSON = Any
SHOWN = 200
"""Number of characters of a value that an error message repeats."""


def reader(dtype: int) -> Callable[[JSON], Any]:
    """Returns the function that converts a JSON value to a type.

    Raises:
        ServingError: The type has no such function.
    """
    convert = _CONVERT.get(dtype)
    if convert is None:
        raise ServingError(
            StatusCode.UNIMPLEMENTED,
            f"Conversion of JSON Value to type: {type_name(dtype)}",
        )
    return lambda value: convert(value, dtype)


def plain(name: str, array: np.ndarray) -> JSON:
    """Returns an array as JSON values; float32 in the fewest digits that identify it."""
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


def is_base64(value: JSON) -> bool:
    """Returns whether a value is bytes in base 64."""
    return isinstance(value, dict) and list(value) == ["b64"] and isinstance(value["b64"], str)


def shown(value: JSON) -> str:
    """Returns a value as an error message repeats it."""
    try:
        text = json.dumps(value)
    except RecursionError:
        return "lists in lists, too deep to be shown"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _text(value: JSON, dtype: int) -> bytes:
    try:
        if isinstance(value, str):
            return value.encode()
        if is_base64(value):
            return base64.b64decode(value["b64"], validate=True)
    except UnicodeEncodeError as error:
        raise invalid("JSON Parse error: The surrogate pair in string is invalid.") from error
    except (binascii.Error, ValueError) as error:
        raise invalid(f"Unable to base64 decode: {error}") from error
    if isinstance(value, dict):
        raise invalid(f"JSON Value: {shown(value)} not formatted correctly for base64 data")
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
            f"Cannot convert JSON value: {shown(value)} to {type_name(dtype)} without loss of "
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


def _type_error(value: JSON, dtype: int) -> ServingError:
    kind = {type(None): "Null", bool: "Bool", dict: "Object", list: "Array", str: "String"}.get(
        type(value), "Number"
    )
    return invalid(
        f"JSON Value: {shown(value)} Type: {kind} is not of expected type: {type_name(dtype)}"
    )
