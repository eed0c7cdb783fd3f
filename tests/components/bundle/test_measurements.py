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


@pytest.mark.parametrize(
    ("watched", "band"),
    [(0, "0"), (1, "1-19"), (19, "1-19"), (20, "20-49"), (199, "100-199"), (737, "200+")],
)
def test_activity(watched, band):
    assert measurements.activity(tf.constant([watched])).numpy() == [band.encode()]


@pytest.mark.parametrize(
    ("age", "group"),
    [(-1, "unknown"), (1, "0-17"), (17, "0-17"), (18, "18-24"), (45, "45-49"), (56, "56+")],
)
def test_age_group(age, group):
    assert measurements.age_group(tf.constant([age], tf.int64)).numpy() == [group.encode()]


@pytest.mark.parametrize(
    ("share", "band"),
    [(0.0, "head"), (0.1, "torso"), (0.5, "tail"), (1.0, "tail"), (np.nan, "none")],
)
def test_popularity_band(share, band):
    found = measurements.popularity_band(tf.constant([share], tf.float32))
    assert found.numpy() == [band.encode()]
