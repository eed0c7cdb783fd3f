"""Which movies are held out, what is written without them, and where they stand, by arithmetic."""

import numpy as np
import pytest

from benchmarks import cold_movies
from benchmarks.protocols import TRAIN, Ratings
from components.ingestion import tables
from components.ingestion.readers.grouplens import layout as grouplens
from transform import datasets

MOVIELENS = datasets.load(datasets.MOVIELENS)


def ratings(*rows, users=1, movies=5):
    user, movie = np.array(rows, np.int64).reshape(-1, 2).T
    return Ratings(user, movie, np.arange(len(user)), np.full(len(user), TRAIN), users, movies)


def test_two_twentieths_alike_in_popularity_and_without_a_common_movie():
    counts = np.random.default_rng(1).permutation(np.r_[np.arange(1, 101), np.zeros(7, int)])
    drawn = cold_movies.draw(counts)
    assert drawn.keys() == {"reported", "choosing"}
    assert not np.intersect1d(drawn["reported"], drawn["choosing"]).size
    for movies in drawn.values():
        # five groups of twenty by rank: 1 to 20 ratings, 21 to 40, …
        assert sorted((counts[movies] - 1) // 20) == [0, 1, 2, 3, 4]
    again = cold_movies.draw(counts)
    assert all((again[name] == drawn[name]).all() for name in drawn)
    assert (cold_movies.draw(counts, seed=5)["reported"] != drawn["reported"]).any()


def test_too_few_movies():
    with pytest.raises(ValueError, match="20 rated movies or more, got 19"):
        cold_movies.draw(np.array([3] * 19 + [0] * 9))


@pytest.mark.parametrize("layout", ["ml-100k", "ml-1m", "ml-10m", "csv"])
def test_release_without_the_ratings_of_some_movies(tmp_path, write_checkerboard, layout):
    whole = grouplens.detect(write_checkerboard(tmp_path / "whole", layout=layout))
    cold_movies.write_without(whole, np.array([b"2", b"11"]), tmp_path / "left")
    left = grouplens.detect(tmp_path / "left")
    before, after = (
        tables.read(tmp_path / name, MOVIELENS).events.to_pylist() for name in ("whole", "left")
    )
    assert after == [event for event in before if event["item_id"] not in ("2", "11")]
    assert 0 < len(after) < len(before)
    assert left.movies.read_bytes() == whole.movies.read_bytes()


@pytest.mark.parametrize(
    ("scores", "among", "auc", "hit_at_2"),
    [
        # The user rated 0 and asks for 4; 1, 2 and 3 compete.
        ([9, 1, 2, 3, 4], [0, 1, 2, 3, 4], 1.0, 1.0),
        ([9, 5, 2, 3, 4], [0, 1, 2, 3, 4], 2 / 3, 1.0),
        ([0, 5, 5, 5, 4], [0, 1, 2, 3, 4], 0.0, 0.0),
        ([0, 5, 4, 3, 4], [0, 1, 2, 3, 4], 0.5, 0.5),  # one above, one tied: second or third
        ([0, 0, 0, 0, 0], [0, 1, 2, 3, 4], 0.5, 0.5),  # four alike: two places of four
        ([9, 5, 2, 3, 4], [2, 3, 4], 1.0, 1.0),
        ([9, 1, 2, 3, np.nan], [0, 1, 2, 3, 4], 0.0, 0.0),
        ([0, 0, 0, 0, 0], [4], 0.5, 1.0),  # nobody competes
    ],
    ids=["best", "second", "last", "tied", "all-tied", "among-few", "nan", "alone"],
)
def test_places(scores, among, auc, hit_at_2):
    asked = ratings((0, 4))
    rated = ratings((0, 0), (0, 4))
    found = cold_movies.places(
        lambda users: np.array([scores], float), asked, rated, np.array(among)
    )
    assert found.auc() == pytest.approx([auc])
    assert found.hit_at(2) == pytest.approx([hit_at_2])


def test_users_are_asked_slice_by_slice(monkeypatch):
    monkeypatch.setattr(cold_movies.ours, "AT_ONCE", 2)
    table = np.array([[1, 2, 3], [3, 2, 1], [2, 3, 1]], float)
    asked = ratings((0, 2), (1, 2), (2, 1), users=3, movies=3)
    found = cold_movies.places(lambda users: table[users], asked, asked, np.arange(3))
    assert found.auc().tolist() == [1.0, 0.0, 1.0]


def test_other_held_out_movies_of_the_same_user_do_not_compete():
    asked = ratings((0, 3), (0, 4))
    scores = np.array([[0, 1, 2, 5, 4]], float)
    found = cold_movies.places(lambda users: scores, asked, asked, np.arange(5))
    assert found.auc().tolist() == [1.0, 1.0]


@pytest.mark.slow
def test_whole_comparison(tmp_path, write_checkerboard):
    data = write_checkerboard(tmp_path / "data", users=40, movies=40, share=0.6)
    small = ["model.history=mean", "model.embedding_dim=8", "model.epochs=2"]
    result = cold_movies.compare(data, tmp_path / "out", "ml-100k", small, "choosing")
    assert result["movies"] == 2
    assert result["figures"]["random"]["cold"]["AUC"]["mean"] == 0.5
    for pools in result["figures"].values():
        for measures in pools.values():
            assert all(0 <= figure["mean"] <= 1 for figure in measures.values())
    left = tables.read(tmp_path / "out" / "choosing" / "data", MOVIELENS).events
    assert len(left.column("item_id").unique()) == 36  # neither those asked about nor reported
    assert "| ours |" in cold_movies.markdown(result)
    assert list((tmp_path / "out").glob("choosing_*.json"))
