"""Single values: JSON to tensor elements, as TensorFlow Serving reads them, and back."""

import base64
import binascii
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from serving.stand_in import json_text
from serving.stand_in.errors import ServingError, StatusCode, invalid
from serving.stand_in.json_text import JSON
from serving.stand_in.tensors import type_name

_SPACES = " \t\n\v\f\r"


def reader(dtype: int) -> Callable[[JSON], Any]:
    """Returns the function that converts a JSON value to a type.

    It raises a ServingError if the value is not of that type, or no value is.
    """
    return functools.partial(_CONVERT.get(dtype, _no_value), dtype=dtype)


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


def _text(value: JSON, dtype: int) -> bytes:
    if isinstance(value, str):
        try:
            return value.encode(errors="surrogateescape")
        except UnicodeEncodeError as error:
            raise invalid("JSON Parse error: The surrogate pair in string is invalid.") from error
    if is_base64(value):
        return _from_base64(value["b64"])
    if isinstance(value, dict):
        raise invalid(
            f"JSON Value: {json_text.show(value)} not formatted correctly for base64 data"
        )
    raise _type_error(value, dtype)


def _from_base64(text: str) -> bytes:
    """Decodes base 64: white space counts for nothing, and its end may lack the padding."""
    text = text.translate(dict.fromkeys(map(ord, _SPACES)))
    digits = text.rstrip("=")
    padding = "=" * (-len(digits) % 4)
    try:
        if text not in (digits, digits + padding):
            raise binascii.Error("wrong padding")
        return base64.b64decode(digits + padding, validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid("Unable to base64 decode") from error


def _whole(value: JSON, dtype: int) -> int:
    limits = _limits(dtype)
    if type(value) is not int or not limits.min <= value <= limits.max:
        raise _type_error(value, dtype)
    return value


@functools.cache
def _limits(dtype: int) -> np.iinfo:
    return np.iinfo(tf.as_dtype(dtype).as_numpy_dtype)


def _decimal(value: JSON, dtype: int) -> float:
    if type(value) not in (int, float):
        raise _type_error(value, dtype)
    try:
        return float(value)
    except OverflowError as error:
        raise invalid(json_text.TOO_BIG) from error


def _truth(value: JSON, dtype: int) -> bool:
    if not isinstance(value, bool):
        raise _type_error(value, dtype)
    return value


def _no_value(value: JSON, dtype: int) -> Any:
    raise ServingError(
        StatusCode.UNIMPLEMENTED,
        f"Conversion of JSON Value: {json_text.show(value)} to type: {type_name(dtype)}",
    )


_CONVERT: dict[int, Callable[..., Any]] = {
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
    kinds = {type(None): "Null", bool: str(value), dict: "Object", list: "Array", str: "String"}
    return invalid(
        f"JSON Value: {json_text.show(value)} Type: {kinds.get(type(value), 'Number')} is not of "
        f"expected type: {type_name(dtype)}"
    )
