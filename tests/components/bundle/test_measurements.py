import numpy as np
import pytest
import tensorflow as tf

from components.bundle import measurements
from transform import metrics


@pytest.mark.parametrize(
    ("top", "positive", "place"),
    [
        ([7, 3, 5], 7, 0),
        ([7, 3, 5], 5, 2),
        ([7, 3, 5], 4, measurements.MISSED),
        ([7, 3, 5], -1, measurements.MISSED),
        ([7, -1, -1], -1, measurements.MISSED),
    ],
    ids=["first", "last", "absent", "not-in-the-catalogue", "nor-in-a-short-list"],
)
def test_rank_in(top, positive, place):
    found = measurements.rank_in(tf.constant([top]), tf.constant([positive], tf.int64))
    assert found.numpy().tolist() == [place]


@pytest.mark.parametrize(
    ("served", "exact", "share"),
    [
        ([4, 2, 9], [2, 4, 9], 1),
        ([4, 2, 8], [2, 4, 9], 2 / 3),
        ([4, -1, -1], [2, 4, -1], 1 / 2),
        ([-1, -1, -1], [-1, -1, -1], 1),
    ],
    ids=["other-order", "one-missed", "short", "nothing-left"],
)
def test_recall(served, exact, share):
    found = measurements.recall(tf.constant([served]), tf.constant([exact]))
    assert found.numpy() == pytest.approx([share])


@pytest.mark.parametrize("gains", [metrics.hit_gains(5), metrics.ndcg_gains(10)])
def test_a_graph_reads_the_same_gains_as_numpy(gains):
    rank = np.array([0, 3, 4, 5, 9, 10, 11, measurements.MISSED])
    read = tf.function(lambda: measurements.look_up(gains, tf.constant(rank, tf.int32)))()
    np.testing.assert_array_equal(read, gains[np.minimum(rank, len(gains) - 1)].astype(np.float32))
