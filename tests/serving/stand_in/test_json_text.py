"""Texts in this process; which of them TensorFlow Serving takes is in `test_contract.py`."""

import math

import pytest

from serving.stand_in import json_text
from serving.stand_in.errors import ServingError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": 1, "b": 2, "a": 3}', {"a": 1, "b": 2}),
        (b'[Inf, "Inf", "\\"Inf", -Inf, 1]', [math.inf, "Inf", '"Inf', -math.inf, 1]),
        (b"[1e308, -0.0, 12345678901234567890]", [1e308, -0.0, 12345678901234567890]),
        (b'\xef\xbb\xbf["\xff"]', ["\udcff"]),
    ],
    ids=["first-of-equal-keys", "infinity", "numbers", "bytes"],
)
def test_texts(text, value):
    assert json_text.parse(text) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b'["a', "Missing a closing quotation mark in string"),
        (b'["\\x"]', "Invalid escape character in string"),
        (b'["\\u12g4"]', "Incorrect hex digit"),
        (b'["\n"]', "Invalid encoding in string"),
        (b"[1,]", "Invalid value"),
        (b"[Inf, x]", "Invalid value"),
        (b"[" + b"1" * 5000 + b"]", "Number too big"),
        (b'{"a": [{}, [1], {"b": "]"} 1]}', "Missing a comma or ] after an array element"),
        (b'{"a": {"b": [1]} 1}', "Missing a comma or } after an object member"),
    ],
)
def test_faults(text, message):
    with pytest.raises(ServingError, match=message):
        json_text.parse(text)


def test_values_in_messages_are_cut():
    assert json_text.show([1, "é"]) == '[\n    1,\n    "é"\n]'
    long = json_text.show(["a" * 1000])
    assert len(long) == json_text.SHOWN + 1
    assert long.endswith("…")
    deep = [1]
    for _ in range(900):
        deep = [deep]
    assert json_text.show(deep).endswith("…")
