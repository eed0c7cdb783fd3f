"""What a history says, before any model."""

import dataclasses

import pytest
import tensorflow as tf

from support.tiny_shop import DEFINITION
from transform import queries

NAN = float("nan")


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, [b"bought", b"viewed", b"unknown", b""]),
        ({"type": ("purchase",)}, [b"bought", b"", b"unknown", b""]),
        ({"type": ("purchase", "view")}, [b"bought", b"viewed", b"unknown", b""]),
        ({"quantity": ">= 2"}, [b"", b"viewed", b"unknown", b""]),
        ({"type": ("purchase",), "quantity": ">= 2"}, [b"", b"", b"unknown", b""]),
    ],
    ids=["all", "type", "types", "number", "both"],
)
def test_seen_events_fulfil_every_condition_of_which_something_is_known(conditions, expected):
    event = dataclasses.replace(DEFINITION.event, seen=conditions)
    definition = dataclasses.replace(DEFINITION, event=event)
    history = {
        "item_id": tf.constant([["bought", "viewed", "unknown", ""]]),
        "type": tf.constant([["purchase", "view", "", ""]]),
        "quantity": tf.constant([[1.0, 2.0, NAN, NAN]]),
    }
    assert queries.seen(history, definition).numpy().tolist() == [expected]


def test_a_gap_in_a_history_closes_up_and_what_is_not_known_is_absent():
    query = queries.nobody(DEFINITION, tf.constant([["", "a", "", "b"]]))
    query["country"] = tf.constant([""])
    query["taste"] = tf.constant([[0.5, 0.0]])
    query["context"] = tf.reshape(tf.range(8, dtype=tf.float32), [1, 4, 2])
    raw = queries.as_parsed(query, DEFINITION)
    assert raw["item_id"].values.numpy().tolist() == [b"a", b"b"]
    assert raw["context"].values.numpy().tolist() == [2, 3, 6, 7]
    assert raw["taste"].values.numpy().tolist() == [0.5, 0.0]
    assert all(not len(raw[name].values) for name in ("country", "interests", "income", "joined"))
