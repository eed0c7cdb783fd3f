"""Tensor protos: to arrays, checked against the signature, and back."""

import math

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from serving.stand_in.errors import invalid

LARGEST = 2**22
"""Largest number of elements of an input. A proto of ten bytes can claim terabytes."""


def from_proto(name: str, proto: tensor_pb2.TensorProto) -> np.ndarray:
    """Returns the array of an input.

    Raises:
        ServingError: The proto is malformed, or larger than `LARGEST`.
    """
    sizes = [dimension.size for dimension in proto.tensor_shape.dim]
    if proto.tensor_shape.unknown_rank or min(sizes, default=0) < 0:
        raise invalid(f"input {name} has no definite shape: {sizes}")
    check_size(name, sizes)
    try:
        return tf.make_ndarray(proto)
    except (ValueError, TypeError) as error:
        raise invalid(f"Tensor proto of input {name} could not be parsed: {error}") from error


def check_size(name: str, sizes: list[int]) -> None:
    """Checks that a tensor does not take too much memory.

    Raises:
        ServingError: There are more than `LARGEST` elements.
    """
    if math.prod(sizes) > LARGEST:
        raise invalid(f"input {name} of shape {sizes} has more than {LARGEST} elements")


def check(name: str, array: np.ndarray, dtype: int, info: meta_graph_pb2.TensorInfo) -> None:
    """Checks an input against the signature.

    Args:
        name: Name of the input.
        array: Value of the input.
        dtype: `DataType` that the client claims.
        info: Type and shape that the signature asks for.

    Raises:
        ServingError: Type or shape is not the signature's.
    """
    if dtype != info.dtype:
        expected, given = (tf.as_dtype(kind).name for kind in (info.dtype, dtype))
        raise invalid(f"input {name} expected type: {expected} given {given}")
    if not tf.TensorShape(info.tensor_shape).is_compatible_with(array.shape):
        raise invalid(
            f"input {name} expected shape: {tf.TensorShape(info.tensor_shape)} given "
            f"{tf.TensorShape(array.shape)}"
        )


def to_proto(array: np.ndarray, dtype: int) -> tensor_pb2.TensorProto:
    """Returns an output as a proto."""
    if dtype != tf.string.as_datatype_enum:
        return tf.make_tensor_proto(array, dtype)
    sizes = [tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in array.shape]
    return tensor_pb2.TensorProto(
        dtype=dtype,
        tensor_shape=tensor_shape_pb2.TensorShapeProto(dim=sizes),
        string_val=array.ravel().tolist(),
    )
