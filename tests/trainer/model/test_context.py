"""Ratings and gaps as inputs of the query tower."""

import numpy as np
import pytest
import tensorflow as tf

from trainer.config import ModelConfig
from trainer.model.context import GAP_ROWS, Context, gap_rows, rating_rows


def test_rating_rows():
    stars = [0.0, 0.5, 1.0, 3.49, 5.0, 5.5, -1.0, float("nan")]
    assert rating_rows(tf.constant(stars)).numpy().tolist() == [0, 1, 2, 7, 10, 0, 0, 0]


def test_gap_rows():
    seconds = [-1, 0, 1, 2, 3, 7, 3600, 2**40]
    rows = gap_rows(tf.constant(seconds, tf.int64)).numpy().tolist()
    assert rows == [0, 1, 2, 2, 3, 4, 12, GAP_ROWS - 1]


@pytest.mark.parametrize("name", ["ratings", "gaps"])
def test_what_is_unknown_is_the_same_as_nothing_said(name):
    layer = Context(ModelConfig(embedding_dim=4, **{name: True}))
    movies = tf.zeros([1, 3, 4])
    none = layer(movies, None, None)
    unknown = layer(movies, tf.zeros([1, 3]), tf.fill([1, 3], tf.constant(-1, tf.int64)))
    known = layer(movies, tf.ones([1, 3]), tf.fill([1, 3], tf.constant(60, tf.int64)))
    np.testing.assert_array_equal(none, unknown)
    assert np.abs(known - unknown).max() > 0


def test_training_hides_whole_windows():
    tf.keras.utils.set_random_seed(1)
    layer = Context(ModelConfig(embedding_dim=4, ratings=True, id_dropout=0.5))
    movies = tf.zeros([200, 3, 4])
    hidden = layer(movies, None, None)
    seen = layer(movies, tf.fill([200, 3], 4.0), None, training=True)
    without = np.all(np.isclose(seen, hidden), axis=2)
    assert set(without.sum(axis=1)) == {0, 3}
    assert 60 < without.all(axis=1).sum() < 140


def test_without_either_nothing_is_added():
    movies = tf.random.normal([2, 3, 4])
    layer = Context(ModelConfig(embedding_dim=4))
    seen = layer(movies, tf.ones([2, 3]), tf.ones([2, 3], tf.int64), training=True)
    np.testing.assert_array_equal(seen, movies)
    assert not layer.variables


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"history": "none", "ratings": True}, "ratings must be false"),
        ({"history": "none", "gaps": True}, "gaps must be false"),
        ({"order": "shuffled", "gaps": True}, "there is no before"),
    ],
)
def test_contradictions(settings, message):
    with pytest.raises(ValueError, match=message):
        ModelConfig(**settings)
