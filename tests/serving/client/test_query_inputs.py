"""Inputs of `recommend`, equal to what the bundle takes for the same definition."""

import subprocess
import sys

import numpy as np
import pytest

from serving.client import query_inputs
from serving.client.query_inputs import Event
from support import ROOT
from transform import definition_files, yaml_files

DEFINITION = """
name: all_kinds
item: {id: sku}
user:
  id: customer
  features:
    country: {kind: category}
    tastes: {kind: categories}
    about: {kind: words}
    age: {kind: number}
    joined: {kind: time}
    face: {kind: vector, size: 3}
event:
  user: customer
  item: sku
  time: {column: ts}
  features:
    type: {kind: category}
    quantity: {kind: number}
    scene: {kind: vector, size: 2}
"""


@pytest.fixture(scope="module")
def definition():
    return definition_files.build(*yaml_files.parse(DEFINITION, "d.yaml"), "d.yaml")


def test_what_is_not_given_is_what_the_bundle_takes_for_unknown(definition):
    from components.bundle import signatures
    from transform import queries

    inputs = query_inputs.build(definition, ["a", "b"], {}, [])
    specs = signatures.recommend_specs(definition)
    assert inputs.keys() == specs.keys()
    nobody = queries.nobody(definition, [["a", "b"]])
    for name, given in signatures.input_names(definition).items():
        array = np.array(inputs[given], specs[given].dtype.as_numpy_dtype)
        assert specs[given].shape.is_compatible_with(array.shape), given
        if isinstance(inputs[given], np.ndarray):
            assert inputs[given].dtype == array.dtype
        expected = nobody[name].numpy() if name != "item_id" else np.array([[b"a", b"b"]], object)
        if name == "tastes":  # one "" or none: both are no text
            assert array.tolist() == [[""]] and expected.shape == (1, 0)
        elif array.dtype == object:
            assert [each.encode() for each in array.ravel()] == expected.ravel().tolist(), given
        else:
            np.testing.assert_array_equal(array, expected, given)
    assert inputs["exclude_item_ids"] == [[""]]


def test_what_is_given(definition):
    history = [Event("007", 60, {"type": "view", "scene": [1, 2]}), "7", Event("8", 0, {})]
    user = {"country": "DE", "tastes": ["a", "b"], "age": 5, "joined": 9, "face": (1, 2, 3)}
    inputs = query_inputs.build(definition, history, user, ["9"])
    assert inputs["history_item_ids"] == [["007", "7", "8"]]
    assert inputs["history_times"].tolist() == [[60, 0, 0]]
    assert inputs["history_type"] == [["view", "", ""]]
    assert inputs["history_scene"].tolist() == [[[1, 2], [0, 0], [0, 0]]]
    assert inputs["country"] == ["DE"] and inputs["tastes"] == [["a", "b"]]
    assert inputs["age"].tolist() == [5] and inputs["joined"].tolist() == [9]
    assert inputs["face"].tolist() == [[1, 2, 3]]
    assert inputs["exclude_item_ids"] == [["9"]]


def test_nobody_has_one_empty_place_in_each_list(definition):
    inputs = query_inputs.build(definition, [], {"age": None}, [])
    assert inputs["history_item_ids"] == [[""]]
    assert inputs["history_scene"].shape == (1, 1, 2)
    assert np.isnan(inputs["age"]).all()


@pytest.mark.parametrize(
    ("history", "user", "message"),
    [
        ([], {"contry": "DE"}, "The user has no feature 'contry'.* Did you mean 'country'"),
        ([Event("1", 0, {"typ": "view"})], {}, "The event has no feature 'typ'.*mean 'type'"),
        ([], {"type": "view"}, "The user has no feature 'type'"),
        ([], {"country": 7}, "country is a text, got 7"),
        ([], {"tastes": "a"}, "tastes is a list of texts, got the text 'a'"),
        ([], {"age": "old"}, "age is a number, got 'old'"),
        ([], {"age": True}, "age is a number, got True"),
        ([], {"joined": 1.5}, "joined is a time in whole seconds"),
        ([], {"face": [1, 2]}, "face is a vector of 3 numbers, got 2"),
        ([Event(7)], {}, "An item id is a text, got 7"),
        ([Event("7", "noon")], {}, "time is a time in whole seconds"),
    ],
)
def test_what_has_no_meaning_is_refused(definition, history, user, message):
    with pytest.raises(ValueError, match=message):
        query_inputs.build(definition, history, user, [])


def test_numbers_among_exclusions(definition):
    with pytest.raises(ValueError, match="An item id is a text, got 7"):
        query_inputs.build(definition, [], {}, [7])


def test_over_rest_no_tensorflow_is_imported():
    program = (
        "import sys, serving.client.recommender, serving.client.rest_transport\n"
        "import serving.client.bundle_definition, transform.definition_files\n"
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


@pytest.mark.parametrize(
    ("seconds", "message"),
    [
        (1_700_000_000_000, "divide milliseconds by 1000"),
        (-1, "in seconds since 1970"),
        (1.5, "whole seconds"),
        ("now", "whole seconds"),
    ],
)
def test_request_time_is_in_seconds(definition, seconds, message):
    with pytest.raises(ValueError, match=message):
        query_inputs.build(definition, [], {}, [], seconds)
    with pytest.raises(ValueError, match=message):
        query_inputs.of_users(["1"], seconds, [])


def test_times_of_events_are_in_seconds(definition):
    event = query_inputs.Event("1", time=1_700_000_000_000)
    with pytest.raises(ValueError, match=r"time of an event.*got 1700000000000; divide"):
        query_inputs.build(definition, [event], {}, [])


def test_users_are_asked_for_at_one_time():
    inputs = query_inputs.of_users(["1", "2"], 1_700_000_000, ["9"])
    assert inputs["user_id"] == ["1", "2"] and inputs["exclude_item_ids"] == [["9"], ["9"]]
    assert inputs["request_time"].tolist() == [1_700_000_000] * 2
