import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from serving.stand_in import tensors
from serving.stand_in.errors import ServingError


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
    back = tensors.from_proto("x", proto)
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
        tensors.from_proto("x", proto)


@pytest.mark.parametrize(
    ("array", "dtype", "message"),
    [
        (np.zeros((2, 3), np.float32), tf.float32, None),
        (np.zeros((2, 3), np.int64), tf.int64, "expected type: float32 given int64"),
        (np.zeros((2, 4), np.float32), tf.float32, r"expected shape: \(None, 3\) given \(2, 4\)"),
        (np.zeros(3, np.float32), tf.float32, r"given \(3,\)"),
    ],
    ids=["fits", "type", "size", "rank"],
)
def test_inputs_are_checked_against_the_signature(array, dtype, message):
    info = meta_graph_pb2.TensorInfo(dtype=tf.float32.as_datatype_enum)
    info.tensor_shape.CopyFrom(tf.TensorShape([None, 3]).as_proto())
    if message is None:
        tensors.check("x", array, dtype.as_datatype_enum, info)
        return
    with pytest.raises(ServingError, match=message):
        tensors.check("x", array, dtype.as_datatype_enum, info)
