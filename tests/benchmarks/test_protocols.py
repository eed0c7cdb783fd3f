"""The measures by tables, with the arithmetic in the open."""

import dataclasses

import numpy as np
import pytest

from benchmarks import protocols
from benchmarks.protocols import EVAL, LISTED, NOTHING, TEST, TRAIN, Ratings
from transform import metrics


def ratings(*rows, users=2, movies=4):
    """Ratings of (user, movie, part)."""
    user, movie, part = np.array(rows, np.int64).reshape(-1, 3).T
    return Ratings(user, movie, np.arange(len(user)), part, users, movies)


@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ([0.1, 0.4, 0.3, 0.2], [1, 2, 3, 0]),
        ([1.0, 1.0, 1.0, 1.0], [0, 1, 2, 3]),
        ([np.nan, 0.1, 0.2, np.nan], [2, 1]),
        ([-np.inf, 0.1, np.inf, 0.0], [2, 1, 3]),
    ],
    ids=["best-first", "ties-by-position", "nan-is-never-listed", "infinities"],
)
def test_top_lists(scores, best):
    found = protocols.top_lists(np.array([scores]))[0]
    assert found.shape == (LISTED,)
    assert found[: len(best)].tolist() == best
    assert (found[len(best) :] == NOTHING).all()


def test_seen_movies_are_left_out_of_their_own_users_list_only():
    scores = np.array([[0.4, 0.3, 0.2, 0.1]] * 2)
    seen = ratings((0, 0, TRAIN), (1, 1, TRAIN), (1, 3, TRAIN))
    lists = protocols.top_lists(scores, seen)
    assert lists[0, :4].tolist() == [1, 2, 3, NOTHING]
    assert lists[1, :4].tolist() == [0, 2, NOTHING, NOTHING]
    second_alone = protocols.top_lists(scores[1:], seen, first_user=1)
    np.testing.assert_array_equal(second_alone, lists[1:])


def test_ranks():
    lists = protocols.top_lists(np.array([[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, np.nan, 0.4]]))
    labels = ratings((0, 0, TEST), (0, 2, TEST), (1, 2, TEST), (1, 1, TEST))
    rank = protocols.ranks(lists, labels)
    assert rank.tolist() == [0, 2, LISTED, 1]
    assert metrics.hit_at(rank, 2).tolist() == [1.0, 0.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("rank", "ndcg"),
    [
        ([0, 1], 1.0),
        ([1, 0], 1.0),
        ([0, LISTED], 1 / (1 + 1 / np.log2(3))),
        ([5, LISTED], 0.0),
        ([0], 1.0),
    ],
    ids=["perfect", "order-of-labels", "half", "beyond-k", "one-label"],
)
def test_user_ndcg(rank, ndcg):
    users, found = protocols.user_ndcg_at(np.array(rank), np.full(len(rank), 7), k=2)
    assert users.tolist() == [7]
    np.testing.assert_allclose(found, [ndcg])


def test_more_labels_than_k_do_not_lower_a_perfect_list():
    _, found = protocols.user_ndcg_at(np.array([0, 1, LISTED]), np.zeros(3, np.int64), k=2)
    np.testing.assert_allclose(found, [1.0])


def test_standard_error_is_that_of_users_and_not_of_ratings():
    values = np.array([1.0, 1.0, 0.0, 0.0])
    mean, alone = protocols.mean_and_error(values, np.arange(4))
    # residuals +-.5: sqrt(4 * .25) / 4; two users of two ratings each: sqrt(2 * 1) / 4
    assert (mean, alone) == (0.5, 0.25)
    assert protocols.mean_and_error(values, np.array([0, 0, 1, 1]))[1] == pytest.approx(2**0.5 / 4)


def test_fingerprint_changes_with_every_column_and_with_nothing_else(tmp_path):
    split = ratings((0, 0, TRAIN), (0, 1, EVAL), (1, 2, TEST))
    split.save(tmp_path / "split.npz")
    assert Ratings.load(tmp_path / "split.npz").fingerprint() == split.fingerprint()
    for name in ("user", "movie", "timestamp", "part"):
        other = dataclasses.replace(split, **{name: getattr(split, name)[::-1]})
        assert other.fingerprint() != split.fingerprint()
    assert dataclasses.replace(split, movies=5).fingerprint() != split.fingerprint()


def test_select():
    split = ratings((0, 0, TRAIN), (0, 1, EVAL), (1, 2, TEST))
    assert split.select(TRAIN, EVAL).movie.tolist() == [0, 1]
    assert split.select(TEST).user.tolist() == [1]


def test_strangers_get_what_is_popular_lately():
    split = ratings((0, 0, TRAIN), (0, 3, TRAIN), (0, 1, TRAIN), users=2)
    counts = protocols.recent_counts(split, days=30)
    assert counts.tolist() == [1.5, 1.5, 0.0, 1.5]
    old = dataclasses.replace(split, timestamp=np.array([0, 10**7, 10**7]))
    assert protocols.recent_counts(old, days=30).tolist() == [0.5, 1.5, 0.0, 1.5]
    lists = protocols.for_strangers(np.full((2, LISTED), 2), old)
    assert lists[0].tolist() == [2] * LISTED
    assert lists[1, :4].tolist() == [1, 3, 0, 2]
