import numpy as np
import pytest
import tensorflow as tf

from components.bundle import ivf_index
from components.bundle.index import EXCLUDED, ExactIndex
from components.bundle.ivf_index import IVFIndex, cluster, lists_for

SIZE, DIM, K = 2000, 8, 4
RNG = np.random.default_rng(0)
VECTORS = RNG.standard_normal((SIZE, DIM)).astype(np.float32)
QUERIES = tf.constant(RNG.standard_normal((32, DIM)).astype(np.float32))
NONE = tf.zeros([32, 0], tf.int64)
EXACT = ExactIndex(K).index(VECTORS)


def ivf(nprobe, k=K):
    return IVFIndex(k, nprobe).index(VECTORS)


def recall(found, expected):
    pairs = zip(found.numpy().tolist(), expected.numpy().tolist(), strict=True)
    return np.mean([len(set(a) & set(b)) / len(b) for a, b in pairs])


def test_where_every_list_is_searched_the_answer_is_exact():
    index = ivf(nprobe=10_000)
    excluded = tf.constant(RNG.integers(-1, SIZE, (32, 50)))
    for found, expected in (
        (index(QUERIES), EXACT(QUERIES)),
        (
            index.query_with_exclusions(QUERIES, excluded),
            EXACT.query_with_exclusions(QUERIES, excluded),
        ),
        (
            index.query_exactly(QUERIES, excluded),
            EXACT.query_with_exclusions(QUERIES, excluded),
        ),
    ):
        assert found[1].numpy().tolist() == expected[1].numpy().tolist()
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-5)
    assert not index.is_exact()


def test_a_higher_nprobe_finds_more():
    expected = EXACT(QUERIES)[1]
    found = [recall(ivf(nprobe)(QUERIES)[1], expected) for nprobe in (1, 20, 120)]
    assert found[0] < 0.5 < found[1] < found[2]
    assert found[2] > 0.95


def test_scores_are_exact_and_in_order():
    scores, found = ivf(20)(QUERIES)
    own = np.einsum("bkd,bd->bk", VECTORS[found.numpy()], QUERIES.numpy())
    np.testing.assert_allclose(scores, own, rtol=1e-4, atol=1e-5)
    assert (np.diff(scores.numpy(), axis=1) <= 0).all()


def test_nothing_excluded_is_ever_answered():
    index = ivf(20)
    _, found = index(QUERIES)
    again = index.query_with_exclusions(QUERIES, tf.cast(found, tf.int64))[1]
    for before, after in zip(found.numpy(), again.numpy(), strict=True):
        assert not set(before) & set(after)
        assert len(set(after)) == K
    # each row's own: the first is told what the others may not be
    rows = tf.concat([NONE[:1, :], NONE[1:, :]], axis=0)
    assert index.query_with_exclusions(QUERIES, rows)[1].numpy().tolist() == found.numpy().tolist()


def test_a_row_that_finds_too_few_is_answered_exactly_and_the_others_are_not():
    index = ivf(1)
    excluded = np.full((32, SIZE - 3), -1)
    excluded[5] = np.delete(np.arange(SIZE), [7, 8, 9])  # three are left for it
    scores, found = index.query_with_exclusions(QUERIES, tf.constant(excluded))
    left = scores.numpy()[5] > EXCLUDED
    assert set(found.numpy()[5][left]) == {7, 8, 9}
    others = np.arange(32) != 5
    assert found.numpy()[others].tolist() == index(QUERIES)[1].numpy()[others].tolist()


def test_an_answer_longer_than_what_is_searched_is_exact():
    index = ivf(1, k=400)
    assert (
        index(QUERIES)[1].numpy().tolist()
        == ExactIndex(400).index(VECTORS)(QUERIES)[1].numpy().tolist()
    )


def test_identifiers_and_fewer_candidates_than_asked():
    ids = np.array([b"a", b"b", b"c"])
    index = IVFIndex(5, 2).index(np.eye(3, dtype=np.float32), ids)
    scores, found = index(tf.constant([[1.0, 3.0, 2.0]]))
    assert found.numpy().tolist() == [[b"b", b"c", b"a"]]
    assert scores.numpy().tolist() == [[3, 2, 1]]


def test_empty_batch():
    scores, found = ivf(3).query_with_exclusions(tf.zeros([0, DIM]), tf.zeros([0, 4], tf.int64))
    assert scores.shape == found.shape == (0, K)


def test_same_vectors_have_the_same_lists():
    first, second = (cluster(VECTORS, 30) for _ in range(2))
    assert (first[0] == second[0]).all() and (first[1] == second[1]).all()


def test_lists_are_made_from_a_sample(monkeypatch):
    monkeypatch.setattr(ivf_index, "SAMPLE_PER_LIST", 5)
    means, list_of = cluster(VECTORS, 30)
    assert means.shape == (30, DIM)
    assert list_of.shape == (SIZE,)
    assert len(np.unique(list_of)) > 20


@pytest.mark.parametrize(("candidates", "lists"), [(1, 1), (9, 9), (100, 40), (1_000_000, 4000)])
def test_lists_for(candidates, lists):
    assert lists_for(candidates) == lists


def test_vectors_that_are_all_the_same_are_one_list():
    index = IVFIndex(3, 1).index(np.ones((50, 2), np.float32))
    assert len(set(index(tf.constant([[1.0, 1.0]]))[1].numpy()[0])) == 3


@pytest.mark.parametrize(
    ("k", "nprobe", "message"),
    [(0, 1, "k must be at least 1"), (1, 0, "nprobe must be at least 1")],
)
def test_impossible_sizes(k, nprobe, message):
    with pytest.raises(ValueError, match=message):
        IVFIndex(k, nprobe)


def test_unusable_vectors():
    with pytest.raises(ValueError, match="not finite, the first at position 1"):
        IVFIndex(1, 1).index(np.array([[0.0], [np.inf]], np.float32))


@pytest.mark.parametrize("share", [0.0, 0.002, 0.1, 0.6])
def test_only_what_is_allowed_is_answered_and_never_fewer(share):
    index = ivf(20)
    by_position = RNG.random((32, SIZE)) < share
    order = index.identifiers(tf.range(SIZE)).numpy()
    exclusions = tf.constant(RNG.integers(-1, SIZE, (32, 50)))
    given = {"exclusions": exclusions, "queries": QUERIES}
    scores, found = index.query_with_exclusions(**given, allowed=tf.constant(by_position[:, order]))
    best, expected = EXACT.query_with_exclusions(**given, allowed=tf.constant(by_position))
    real = scores.numpy() > EXCLUDED
    assert (real == (best.numpy() > EXCLUDED)).all()
    assert np.take_along_axis(by_position, found.numpy(), axis=1)[real].all()
    if share < ivf_index.SHARE_IN_LISTS:
        assert (found.numpy() == expected.numpy())[real].all()
    else:
        assert recall(found, expected) > 0.5
    assert index.rows(tf.constant(order)).numpy().tolist() == list(range(SIZE))


def test_where_all_is_allowed_the_answer_is_the_same():
    index = ivf(20)
    everything = tf.ones([32, SIZE], tf.bool)
    for found, expected in zip(
        index.query_with_exclusions(QUERIES, NONE, allowed=everything), index(QUERIES), strict=True
    ):
        assert found.numpy().tolist() == expected.numpy().tolist()
