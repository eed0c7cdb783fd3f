import copy

import pytest

from pipeline.kubeflow.compiler import packing


@pytest.mark.parametrize("text", ["", 300 * '{"a": "ü"}'], ids=["empty", "long"])
def test_there_and_back(text):
    assert packing.unpack(packing.pack(text)) == text


@pytest.mark.parametrize("value", [7, True, None, "newest", '{"packed:": 1}'])
def test_what_was_not_packed_stays_as_it_is(value):
    assert packing.unpack(value) == value


def test_nothing_in_it_is_escaped_in_json():
    packed = packing.pack(300 * '{"a": "ü"}')
    assert not set(packed) & set('"\\\n')


def test_long_constants_only():
    parameters = {
        "definition": {"runtimeValue": {"constant": 201 * "x"}},
        "split": {"runtimeValue": {"constant": 200 * "x"}},
        "k": {"runtimeValue": {"constant": 100}},
        "data": {"componentInputParameter": "data"},
    }
    spec = {
        "root": {"dag": {"tasks": {"a": {"inputs": {"parameters": copy.deepcopy(parameters)}}}}}
    }
    packing.pack_constants(spec)
    packed = spec["root"]["dag"]["tasks"]["a"]["inputs"]["parameters"]
    assert packing.unpack(packed["definition"]["runtimeValue"]["constant"]) == 201 * "x"
    assert packed.pop("definition") != parameters.pop("definition")
    assert packed == parameters
