import numpy as np
import pytest
import tensorflow as tf

from components.bundle.index import EXCLUDED, ExactIndex, exclude

VECTORS = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [-1.0, 0.0]], np.float32)
IDS = np.array([b"a", b"b", b"c", b"d"])


@pytest.fixture
def index():
    return ExactIndex(k=3).index(VECTORS, IDS)


def test_best_by_dot_product(index):
    # 2·a = 2, 2·b = 0, 2·c = 1, 2·d = -2
    scores, ids = index(tf.constant([[2.0, 0.0]]))
    assert ids.numpy().tolist() == [[b"a", b"c", b"b"]]
    assert scores.numpy().tolist() == [[2.0, 1.0, 0.0]]
    assert index.is_exact()


@pytest.mark.parametrize(
    ("excluded", "expected"),
    [
        ([[]], [b"a", b"c", b"b"]),
        ([[0]], [b"c", b"b", b"d"]),
        ([[2, -1, 0, 0]], [b"b", b"d"]),
    ],
    ids=["none", "the-best", "padding-and-twice"],
)
def test_exclusions(index, excluded, expected):
    scores, ids = index.query_with_exclusions(
        tf.constant([[2.0, 0.0]]), tf.constant(excluded, tf.int64)
    )
    assert [
        i for i, s in zip(ids[0].numpy(), scores[0].numpy(), strict=True) if s > EXCLUDED
    ] == expected


def test_excluding_rows_apart():
    masked = exclude(tf.zeros([2, 3]), tf.constant([[0, -1], [1, 2]], tf.int64))
    assert (masked.numpy() == EXCLUDED).tolist() == [[True, False, False], [False, True, True]]


def test_asking_for_more_than_there_are(index):
    assert index(tf.constant([[1.0, 0.0]]), k=10)[1].shape == [1, 4]


def test_a_score_that_is_no_number_comes_last(index):
    scores, positions = index.best(tf.constant([[np.nan, 0.0, 2.0, 1.0]]), k=4)
    assert positions.numpy().tolist() == [[2, 3, 1, 0]]
    assert scores[0, 3] == EXCLUDED


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.zeros((0, 2), np.float32), "at least one"),
        (np.array([[0.0, np.nan]], np.float32), "not finite, the first at position 0"),
    ],
    ids=["empty", "diverged"],
)
def test_unusable_vectors(vectors, message):
    with pytest.raises(ValueError, match=message):
        ExactIndex(k=1).index(vectors)


def test_k_must_be_positive():
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        ExactIndex(k=0)
