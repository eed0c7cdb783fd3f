import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from serving.client import messages

VALUES = {
    "texts": ["a", "é"],
    "bytes": np.array([[b"\xff", b""]], object),
    "float-literals": [[1.5, float("nan")]],
    "int-literals": [3, -1],
    "int64": np.array([2**40, -1]),
    "int32": np.array([7], np.int32),
    "float64": np.array([0.1]),
    "truths": np.array([[True], [False]]),
    "scalar": np.int64(5),
    "empty": np.zeros((0, 3), np.float32),
    "no-texts": np.array([], object),
}
each_value = pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)


def by_value(proto, array):
    """Returns a tensor's message with its values one by one, as a server may answer."""
    field = messages.TYPES[proto.dtype][1]
    proto.ClearField("tensor_content")
    proto.ClearField(field)
    getattr(proto, field).extend(array.ravel().tolist())
    return proto


@each_value
def test_tensorflow_reads_what_is_written(value):
    request = messages.PredictRequest()
    request.model_spec.name = "shop"
    request.model_spec.signature_name = "similar"
    request.model_spec.version_label = "stable"
    messages.write(value, request.inputs.add(key="x").value)
    theirs = predict_pb2.PredictRequest.FromString(request.SerializeToString())
    assert theirs.model_spec.name == "shop"
    assert theirs.model_spec.signature_name == "similar"
    assert theirs.model_spec.version_label == "stable"
    expected = tf.make_ndarray(tf.make_tensor_proto(value))
    found = tf.make_ndarray(theirs.inputs["x"])
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(found, expected)


@each_value
@pytest.mark.parametrize("packed", [True, False])
def test_what_tensorflow_writes_is_read(value, packed):
    theirs = predict_pb2.PredictResponse()
    theirs.model_spec.version.value = 7
    expected = tf.make_ndarray(tf.make_tensor_proto(value))
    proto = tf.make_tensor_proto(expected)
    theirs.outputs["x"].CopyFrom(proto if packed else by_value(proto, expected))
    ours = messages.PredictResponse.FromString(theirs.SerializeToString())
    assert ours.model_spec.version.value == 7
    (output,) = ours.outputs
    found = messages.read(output.value)
    assert (output.key, found.dtype, found.shape) == ("x", expected.dtype, expected.shape)
    np.testing.assert_array_equal(found, expected)


def test_last_value_stands_for_all_that_follow():
    theirs = tf.make_tensor_proto(np.zeros((2, 3), np.float32))
    theirs.ClearField("tensor_content")
    theirs.ClearField("float_val")
    theirs.float_val.extend([1, 2])
    ours = messages.PredictResponse()
    tensor = ours.outputs.add().value
    tensor.MergeFromString(theirs.SerializeToString())
    np.testing.assert_array_equal(messages.read(tensor), [[1, 2, 2], [2, 2, 2]])


def test_unknown_types_are_refused():
    tensor = messages.PredictRequest().inputs.add().value
    with pytest.raises(TypeError, match="An input holds complex128"):
        messages.write(np.array([1j]), tensor)
    tensor.dtype = 18
    with pytest.raises(TypeError, match="TensorFlow's type 18"):
        messages.read(tensor)
