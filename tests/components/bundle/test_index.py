import numpy as np
import pytest
import tensorflow as tf

from components.bundle.index import BLOCK, EXCLUDED, ExactIndex, exclude

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


@pytest.fixture(params=[BLOCK * 4, BLOCK * 7 + 3], ids=["whole-blocks", "rest"])
def large(request):
    """The same candidates twice: looked for in blocks, and in one go. Scores tie often."""
    chance = np.random.default_rng(0)
    vectors = chance.integers(-3, 4, (request.param, 2)).astype(np.float32)
    return ExactIndex(3, blocks_from=1).index(vectors), ExactIndex(3).index(vectors)


@pytest.mark.parametrize("excluded", [[[]], [list(range(BLOCK + 5))]], ids=["none", "a-block"])
def test_blocks_find_what_one_search_finds(large, excluded):
    queries = tf.constant([[1.0, 0.0], [0.5, -2.0], [0.0, 0.0], [-1.0, 1.0]])
    positions = tf.constant(excluded * 4, tf.int64)
    (in_blocks, at_once) = (index.query_with_exclusions(queries, positions) for index in large)
    for found, expected in zip(in_blocks, at_once, strict=True):
        assert found.numpy().tolist() == expected.numpy().tolist()


def test_fewer_left_than_asked_in_blocks(large):
    in_blocks, _ = large
    everything = tf.range(1, in_blocks.size, dtype=tf.int64)[tf.newaxis, :]
    scores, positions = in_blocks.query_with_exclusions(tf.constant([[0.0, 1.0]]), everything)
    assert positions[0, 0] == 0
    assert (scores.numpy()[0, 1:] == EXCLUDED).all()


def test_vectors_by_position(index):
    assert index.vectors(tf.constant([3, 0])).numpy().tolist() == [[-1, 0], [1, 0]]


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


def test_what_is_not_allowed_is_left_out_in_blocks_too():
    rng = np.random.default_rng(3)
    size = BLOCK * 6 + 7
    vectors = rng.standard_normal((size, 4)).astype(np.float32)
    queries = tf.constant(rng.standard_normal((3, 4)).astype(np.float32))
    allowed = rng.random((3, size)) < [[0.5], [0.001], [0.0]]
    none = tf.zeros([3, 0], tf.int64)
    expected = np.where(allowed, queries.numpy() @ vectors.T, EXCLUDED)
    for blocks_from in (1, size + 1):
        index = ExactIndex(k=4, blocks_from=blocks_from).index(vectors)
        scores, found = index.query_with_exclusions(queries, none, allowed=tf.constant(allowed))
        np.testing.assert_allclose(scores, -np.sort(-expected)[:, :4], rtol=1e-5)
        real = scores.numpy() > EXCLUDED
        assert np.take_along_axis(allowed, found.numpy(), axis=1)[real].all()
