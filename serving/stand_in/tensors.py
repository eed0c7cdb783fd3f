"""Tensor protos: to arrays, checked against the signature, and back."""

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from serving.stand_in.errors import ServingError, StatusCode, invalid

LARGEST = 2**22
"""Largest number of elements of an input. A proto of ten bytes can claim terabytes."""

_FIELDS = {
    types_pb2.DT_STRING: "string_val",
    types_pb2.DT_BOOL: "bool_val",
    types_pb2.DT_FLOAT: "float_val",
    types_pb2.DT_DOUBLE: "double_val",
    types_pb2.DT_HALF: "half_val",
    types_pb2.DT_BFLOAT16: "half_val",
    types_pb2.DT_INT64: "int64_val",
    types_pb2.DT_UINT32: "uint32_val",
    types_pb2.DT_UINT64: "uint64_val",
    **dict.fromkeys(
        (
            types_pb2.DT_INT8,
            types_pb2.DT_INT16,
            types_pb2.DT_INT32,
            types_pb2.DT_UINT8,
            types_pb2.DT_UINT16,
        ),
        "int_val",
    ),
}
"""Field of `TensorProto` by type."""

DIMENSIONS = 32
"""Largest number of dimensions of an input: numpy's."""


def from_proto(
    name: str,
    proto: tensor_pb2.TensorProto,
    info: meta_graph_pb2.TensorInfo,
    max_batch: int | None = None,
) -> np.ndarray:
    """Returns the array of an input.

    Args:
        name: Name of the input.
        proto: Value of the input.
        info: Type and shape that the signature asks for.
        max_batch: Largest number of rows, if there is one.

    Raises:
        ServingError: The proto is malformed or too large, or not of the signature's type and shape.
    """
    if proto.dtype != info.dtype:
        raise invalid(
            f"input {name} expected type: {type_name(info.dtype)} given {type_name(proto.dtype)}"
        )
    sizes = [dimension.size for dimension in proto.tensor_shape.dim]
    if proto.tensor_shape.unknown_rank or min(sizes, default=0) < 0:
        raise invalid(f"input {name} has no definite shape: {sizes}")
    check_size(name, sizes, max_batch)
    check_shape(name, sizes, info)
    try:
        return tf.make_ndarray(proto)
    except (ValueError, TypeError, OverflowError) as error:
        raise invalid(f"Tensor proto of input {name} could not be parsed: {error}") from error


def check_size(name: str, sizes: Sequence[int], max_batch: int | None = None) -> None:
    """Checks that a tensor does not take too much memory, before it takes any.

    Raises:
        ServingError: There are more than `max_batch` rows or `LARGEST` elements, or numpy has no
            such array.
    """
    if max_batch is not None and sizes and sizes[0] > max_batch:
        raise invalid(
            f"input {name} has more rows than serving.max_batch, which is {max_batch}; there are "
            f"{sizes[0]}"
        )
    if len(sizes) > DIMENSIONS:
        raise invalid(f"input {name} has more than {DIMENSIONS} dimensions")
    if math.prod(sizes) > LARGEST:
        raise invalid(f"input {name} of shape {sizes} has more than {LARGEST} elements")


def check_shape(name: str, sizes: Sequence[int], info: meta_graph_pb2.TensorInfo) -> None:
    """Checks the shape of an input.

    Raises:
        ServingError: It is not the signature's.
    """
    if not tf.TensorShape(info.tensor_shape).is_compatible_with(sizes):
        raise invalid(
            f"input {name} expected shape: {tf.TensorShape(info.tensor_shape)} given "
            f"{tf.TensorShape(sizes)}"
        )


def type_name(dtype: int) -> str:
    """Returns the name of a `DataType` as TensorFlow Serving's messages have it."""
    if dtype not in types_pb2.DataType.values():
        return f"unknown dtype enum ({dtype})"
    name = types_pb2.DataType.Name(dtype).removeprefix("DT_").lower()
    return "INVALID" if dtype == types_pb2.DT_INVALID else name


def to_proto(array: np.ndarray, dtype: int) -> tensor_pb2.TensorProto:
    """Returns an output as a proto, with its values in the field of its type.

    Raises:
        ServingError: Of the type of the output there is no such field.
    """
    field = _FIELDS.get(dtype)
    if field is None:
        raise ServingError(
            StatusCode.UNIMPLEMENTED, f"The local stand-in answers no {type_name(dtype)}."
        )
    sizes = [tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in array.shape]
    proto = tensor_pb2.TensorProto(
        dtype=dtype, tensor_shape=tensor_shape_pb2.TensorShapeProto(dim=sizes)
    )
    values = array.ravel()
    if field == "half_val":
        values = values.view(np.uint16)
    getattr(proto, field).extend(values.tolist())
    return proto
