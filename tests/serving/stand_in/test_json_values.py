import numpy as np
import pytest
import tensorflow as tf

from serving.stand_in import json_values
from serving.stand_in.errors import ServingError, StatusCode


@pytest.mark.parametrize(
    ("dtype", "value", "expected"),
    [
        (tf.string, "é", "é".encode()),
        (tf.string, {"b64": "AP8="}, b"\x00\xff"),
        (tf.bool, True, True),
        (tf.int8, -128, -128),
        (tf.int64, 2**63 - 1, 2**63 - 1),
        (tf.uint8, 255, 255),
        (tf.string, {"b64": " A P8\n"}, b"\x00\xff"),
        (tf.string, "\udcff", b"\xff"),  # a byte that is no text
        (tf.float32, 2**24 + 1, float(2**24 + 1)),  # the array rounds it
        (tf.float64, 0.1, 0.1),
        (tf.float32, float("inf"), float("inf")),
    ],
)
def test_values_that_fit(dtype, value, expected):
    assert json_values.reader(dtype.as_datatype_enum)(value) == expected


@pytest.mark.parametrize(
    ("dtype", "value", "message"),
    [
        (tf.string, 1, "Type: Number is not of expected type: string"),
        (tf.string, None, "Type: Null"),
        (tf.string, ["a"], "Type: Array"),
        (tf.string, {"a": 1}, "not formatted correctly for base64"),
        (tf.string, {"b64": "!"}, "Unable to base64 decode"),
        (tf.string, {"b64": "A"}, "Unable to base64 decode"),
        (tf.string, {"b64": "AP8=="}, "Unable to base64 decode"),
        (tf.string, "\ud800", "surrogate"),
        (tf.bool, 1, "expected type: bool"),
        (tf.int8, 128, "expected type: int8"),
        (tf.uint8, -1, "expected type: uint8"),
        (tf.int64, 1.0, "expected type: int64"),
        (tf.int64, True, "Type: True"),
        (tf.float32, "1", "Type: String is not of expected type: float"),
        (tf.float64, 10**400, "Number too big"),
    ],
)
def test_values_that_do_not_fit(dtype, value, message):
    with pytest.raises(ServingError, match=message):
        json_values.reader(dtype.as_datatype_enum)(value)


def test_a_type_that_json_can_not_hold():
    with pytest.raises(ServingError, match="JSON Value: 1 to type: complex64") as raised:
        json_values.reader(tf.complex64.as_datatype_enum)(1)
    assert raised.value.code is StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    ("name", "array", "expected"),
    [
        ("x", np.array([0.1, 2.0], np.float32), [0.1, 2.0]),  # not 0.10000000149011612
        ("x", np.array([[1, 2]], np.int64), [[1, 2]]),
        ("x", np.array([b"a", b"\xff"], object), ["a", "\ufffd"]),
        ("x_bytes", np.array([b"\x00\xff"], object), [{"b64": "AP8="}]),
    ],
    ids=["float32", "int64", "texts", "bytes"],
)
def test_arrays_as_json(name, array, expected):
    assert json_values.plain(name, array) == expected
