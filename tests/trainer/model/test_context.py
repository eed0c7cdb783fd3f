"""What is known of events as inputs of the query tower."""

import doctest

import numpy as np
import pytest
import tensorflow as tf

from trainer.config import ModelConfig
from trainer.model import context
from trainer.model.context import AGE_ROWS, GAP_ROWS, Context, age_rows, gap_rows
from transform import calendar
from transform.columns import Column

RATING = Column("rating", "row", fixed_rows=11)
TYPE = Column("type", "row", vocabulary="type")
MOOD = Column("mood", "vector", size=2)
SIZES = {"rating": 11, "type": 4}
UNKNOWN = {"rating": 0, "type": 3}
YEAR = 365 * 86_400


def test_gap_rows():
    seconds = [-1, 0, 1, 2, 3, 7, 3600, 2**40]
    rows = gap_rows(tf.constant(seconds, tf.int64)).numpy().tolist()
    assert rows == [0, 1, 2, 2, 3, 4, 12, GAP_ROWS - 1]


@pytest.mark.parametrize(
    ("time", "born", "row"),
    [
        (0, 100, 0),
        (100, calendar.MISSING, 0),
        (100, 101, 1),
        (100, 100, 2),
        (101, 100, 3),
        (100 + YEAR, 100, 26),
        (2**60, -(2**60), AGE_ROWS - 2),
    ],
    ids=["no-time", "never-born", "before", "at-once", "a-second", "a-year", "for-ever"],
)
def test_age_rows(time, born, row):
    found = age_rows(tf.constant([time], tf.int64), tf.constant([born], tf.int64))
    assert found.numpy().tolist() == [row]


def make(columns=(), item_times=None, **settings):
    return Context(columns, SIZES, item_times or {}, ModelConfig(embedding_dim=4, **settings))


def call(layer, training=False, batch=1, **known):
    """Calls a layer on zeros, with what is not given unknown."""
    shape = [batch, 3]
    events = {name: tf.fill(shape, tf.constant(row, tf.int64)) for name, row in UNKNOWN.items()}
    events["mood"] = tf.zeros([*shape, 2])
    arguments = {
        "items": tf.zeros(shape, tf.int64),
        "gaps": tf.fill(shape, tf.constant(-1, tf.int64)),
        "waits": tf.fill(shape, tf.constant(-1, tf.int64)),
        "times": tf.zeros(shape, tf.int64),
    }
    for name, value in known.items():
        filled = tf.broadcast_to(value, [*shape, *np.shape(value)])
        (events if name in events else arguments)[name] = filled
    arguments["events"] = events
    return layer(tf.zeros([*shape, 4]), training=training, **arguments)


@pytest.mark.parametrize(
    ("settings", "known"),
    [
        ({"columns": (RATING,)}, {"rating": tf.constant(7, tf.int64)}),
        ({"columns": (TYPE,)}, {"type": tf.constant(1, tf.int64)}),
        ({"columns": (MOOD,)}, {"mood": tf.constant([1.0, -1.0])}),
        ({"gaps": True}, {"gaps": tf.constant(60, tf.int64)}),
        ({"request_time": True}, {"waits": tf.constant(60, tf.int64)}),
        (
            {"item_times": {"born": np.array([100, calendar.MISSING])}},
            {"times": tf.constant(200, tf.int64)},
        ),
    ],
    ids=["number", "category", "vector", "gap", "request", "age"],
)
def test_each_part_adds_something(settings, known):
    layer = make(**settings)
    assert np.abs(call(layer, **known) - call(layer)).max() > 0


def test_an_unseen_item_has_no_age():
    layer = make(item_times={"born": np.array([100, calendar.MISSING])})
    later = {"times": tf.constant(200, tf.int64)}
    for item in (1, -1, -2):  # unseen, padding and the start
        seen = call(layer, items=tf.constant(item, tf.int64), **later)
        np.testing.assert_array_equal(seen, call(layer))


def test_training_hides_whole_windows():
    tf.keras.utils.set_random_seed(1)
    layer = make((RATING, TYPE), id_dropout=0.5)
    hidden = call(layer, batch=200)
    known = {"rating": tf.constant(8, tf.int64), "type": tf.constant(1, tf.int64)}
    seen = call(layer, training=True, batch=200, **known)
    without = np.all(np.isclose(seen, hidden), axis=2)
    assert set(without.sum(axis=1)) == {0, 3}
    assert 60 < without.all(axis=1).sum() < 140


def test_without_any_nothing_is_added():
    layer = make((RATING,), event_features=False)
    known = {"rating": tf.constant(8, tf.int64), "gaps": tf.constant(1, tf.int64)}
    np.testing.assert_array_equal(call(layer, training=True, **known), tf.zeros([1, 3, 4]))
    assert not layer.variables


def test_tables_are_those_of_vocabularies():
    layer = make((RATING, TYPE, MOOD))
    call(layer)
    assert [name for name, _ in layer.tables()] == ["type"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"history": "none", "gaps": True}, "gaps must be false"),
        ({"order": "shuffled", "gaps": True}, "there is no before"),
    ],
)
def test_contradictions(settings, message):
    with pytest.raises(ValueError, match=message):
        ModelConfig(**settings)


def test_examples_of_the_documentation():
    assert doctest.testmod(context).failed == 0
