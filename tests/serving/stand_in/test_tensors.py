import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from serving.stand_in import tensors
from serving.stand_in.errors import ServingError


def info(dtype, shape=None):
    """Type and shape of a signature's input."""
    found = meta_graph_pb2.TensorInfo(dtype=dtype.as_datatype_enum)
    found.tensor_shape.CopyFrom(tf.TensorShape(shape).as_proto())
    return found


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (np.array([[1.5, 2.0]], np.float32), tf.float32),
        (np.array([b"a", b"\xff"], object), tf.string),
        (np.zeros((0, 3), np.int64), tf.int64),
    ],
    ids=["numbers", "texts", "empty"],
)
def test_arrays_come_back_from_protos(array, dtype):
    proto = tensors.to_proto(array, dtype.as_datatype_enum)
    back = tensors.from_proto("x", proto, info(dtype))
    assert back.tolist() == array.tolist()
    assert back.shape == array.shape


def claim(*sizes, unknown_rank=False):
    proto = tensor_pb2.TensorProto(dtype=tf.float32.as_datatype_enum)
    proto.tensor_shape.unknown_rank = unknown_rank
    for size in sizes:
        proto.tensor_shape.dim.add(size=size)
    return proto


@pytest.mark.parametrize(
    ("proto", "message"),
    [
        (claim(-1), "no definite shape"),
        (claim(unknown_rank=True), "no definite shape"),
        (claim(2**20, 2**20), "more than"),
        (claim(tensors.LARGEST + 1), "more than"),
    ],
    ids=["negative", "unknown-rank", "terabyte", "one-too-many"],
)
def test_protos_that_claim_too_much(proto, message):
    with pytest.raises(ServingError, match=f"input x .*{message}"):
        tensors.from_proto("x", proto, info(tf.float32))


def test_a_claim_of_too_many_rows_is_refused_before_it_takes_memory():
    with pytest.raises(ServingError, match=r"more rows than serving\.max_batch, which is 8.* 9"):
        tensors.from_proto("x", claim(9), info(tf.float32), max_batch=8)


def test_numpy_has_no_array_of_so_many_dimensions():
    with pytest.raises(ServingError, match="input x has more than 32 dimensions"):
        tensors.from_proto("x", claim(*[1] * 33), info(tf.float32))


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        (0, "INVALID"),
        (9, "int64"),
        (2, "double"),
        (20, "resource"),
        (21, "variant"),
        (101, "float_ref"),
        (999, r"unknown dtype enum \(999\)"),
        (-1, r"unknown dtype enum \(-1\)"),
    ],
)
def test_every_type_but_the_signatures_is_refused_by_name(dtype, name):
    proto = tensor_pb2.TensorProto(dtype=dtype)
    with pytest.raises(ServingError, match=f"expected type: float given {name}"):
        tensors.from_proto("x", proto, info(tf.float32))


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((2, 3), None),
        ((2, 4), r"expected shape: \(None, 3\) given \(2, 4\)"),
        ((3,), r"given \(3,\)"),
    ],
    ids=["fits", "size", "rank"],
)
def test_inputs_are_checked_against_the_signature(sizes, message):
    asked = info(tf.float32, [None, 3])
    if message is None:
        tensors.check_shape("x", sizes, asked)
        return
    with pytest.raises(ServingError, match=message):
        tensors.check_shape("x", sizes, asked)
