import numpy as np
import pytest
import tensorflow as tf

from components.bundle.index import EXCLUDED
from components.bundle.static_ranking import StaticRanking

COUNTS = np.array([2.0, 9.0, 2.0, 5.0, 0.0], np.float32)  # best first: 1, 3, 0, 2, 4


@pytest.mark.parametrize(
    ("excluded", "positions", "values"),
    [
        ([[]], [[1, 3, 0]], [[9, 5, 2]]),
        ([[3], [-1]], [[1, 0, 2], [1, 3, 0]], [[9, 2, 2], [9, 5, 2]]),
        ([[1, 3, 1, -1, 0]], [[2, 4]], [[2, 0]]),
        ([[4, 2, 0]], [[1, 3]], [[9, 5]]),
    ],
    ids=["ties-in-order", "a-row-each", "twice-and-padding", "the-worst"],
)
def test_best(excluded, positions, values):
    found, places = StaticRanking(COUNTS, k=3).best(tf.constant(excluded, tf.int64))
    left = found.numpy() > EXCLUDED
    assert [row[kept].tolist() for row, kept in zip(places.numpy(), left, strict=True)] == positions
    assert [row[kept].tolist() for row, kept in zip(found.numpy(), left, strict=True)] == values
    assert found.shape == places.shape == (len(excluded), 3)


def test_as_many_as_there_are():
    found, places = StaticRanking(COUNTS, k=100).best(tf.constant([[1]], tf.int64))
    assert places.numpy()[0, :4].tolist() == [3, 0, 2, 4]
    assert found.numpy()[0, 4] == EXCLUDED


def test_empty_batch():
    found, places = StaticRanking(COUNTS, k=2).best(tf.zeros([0, 3], tf.int64))
    assert found.shape == places.shape == (0, 2)
