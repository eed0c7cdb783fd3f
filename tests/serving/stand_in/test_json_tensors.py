"""Bodies in this process; the documented cases, over HTTP, are in `test_rest_api.py`."""

import json
import math

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from serving.stand_in import json_tensors
from serving.stand_in.errors import ServingError


def wanted(**dtypes):
    return {
        name: meta_graph_pb2.TensorInfo(dtype=dtype.as_datatype_enum)
        for name, dtype in dtypes.items()
    }


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (b'{"instances": [{"x": 1, "y": "a"}, {"x": 2, "y": "b"}]}', ([1, 2], [b"a", b"b"])),
        (b'{"inputs": {"x": [[1], [2]], "y": "a"}}', ([[1], [2]], b"a")),
    ],
    ids=["rows", "columns"],
)
def test_rows_and_columns_become_arrays(text, values):
    body = json_tensors.parse(text)
    arrays = json_tensors.inputs(body, wanted(x=tf.int64, y=tf.string))
    assert (arrays["x"].tolist(), arrays["y"].tolist()) == values
    assert arrays["x"].dtype == np.int64


def test_what_is_not_known_is_read():
    """Python writes NaN, which JSON lacks and TensorFlow Serving reads; and the least int64."""
    text = json.dumps({"inputs": {"x": [[math.nan, 0.5]], "t": [-(2**63)]}}).encode()
    arrays = json_tensors.inputs(json_tensors.parse(text), wanted(x=tf.float32, t=tf.int64))
    np.testing.assert_array_equal(arrays["x"], np.array([[np.nan, 0.5]], np.float32))
    assert arrays["t"].tolist() == [tf.int64.min]


def test_a_signature_is_named():
    assert json_tensors.parse(b'{"instances": [1], "signature_name": "s"}').signature_name == "s"
    assert json_tensors.parse(b'{"instances": [1]}').signature_name == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"inputs": {"x": [[1], 2]}}', "2 found at incorrect level: 2"),
        (b'{"inputs": {"x": [1, [2]]}}', "list at unexpected level: 1 expected < 1"),
        (b'{"inputs": {"x": [[1, 2], [3]]}}', "expected size: 2"),
        (b'{"inputs": {"x": ["a"]}}', "not of expected type: int64"),
        (b'{"inputs": {"z": 1}}', "Missing named input: x"),
    ],
)
def test_irregular_inputs(text, message):
    with pytest.raises(ServingError, match=message):
        json_tensors.inputs(json_tensors.parse(text), wanted(x=tf.int64))


@pytest.mark.parametrize(
    ("arrays", "by_row", "answer"),
    [
        ({"a": np.array([1, 2])}, True, {"predictions": [1, 2]}),
        ({"a": np.array([1, 2])}, False, {"outputs": [1, 2]}),
        (
            {"a": np.array([1, 2]), "b": np.array([[3], [4]])},
            True,
            {"predictions": [{"a": 1, "b": [3]}, {"a": 2, "b": [4]}]},
        ),
        (
            {"a": np.array([1, 2]), "b": np.array(3)},
            False,
            {"outputs": {"a": [1, 2], "b": 3}},
        ),
    ],
    ids=["one-by-row", "one-by-column", "two-by-row", "two-by-column"],
)
def test_answers_in_the_format_of_the_request(arrays, by_row, answer):
    assert json_tensors.outputs(arrays, by_row) == answer


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": np.array(1)}, "a has no shape information"),
        (
            {"a": np.array([1]), "b": np.array([1, 2])},
            "b has inconsistent batch size: 2 expecting: 1",
        ),
    ],
)
def test_what_is_no_batch_has_no_rows(arrays, message):
    with pytest.raises(ServingError, match=message):
        json_tensors.outputs(arrays, by_row=True)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"inputs": [1, 2, 3]}', "more rows than serving.max_batch, which is 2"),
        ('{"instances": [1, 2, 3]}', "more rows than serving.max_batch, which is 2"),
        ('{"inputs": ' + "[" * 33 + "1" + "]" * 33 + "}", "more than 32 dimensions"),
        ('{"inputs": {"a": ' + "[" * 800 + "1" + "]" * 800 + "}}", "Missing named input"),
    ],
    ids=["columns", "rows", "33-lists", "an-object-with-800-lists"],
)
def test_what_would_take_memory_or_recursion_is_refused(body, message):
    with pytest.raises(ServingError, match=message):
        json_tensors.inputs(json_tensors.parse(body.encode()), wanted(x=tf.int64), max_batch=2)
