"""A bundle asked in this process: six movies and four users, see `support.tiny_bundle`."""

import pytest

from pipeline.inference.pushed_bundle import PushedBundle
from serving.client.transport import Transport


@pytest.fixture(scope="module")
def bundle(tiny, tmp_path_factory):
    return PushedBundle(str(tiny.save(tmp_path_factory.mktemp("bundle") / "7")))


def test_it_is_a_transport_like_any_other(bundle):
    transport: Transport = bundle
    prediction = transport.predict("similar", {"movie_id": ["0", "1"]})
    assert prediction.outputs["movie_ids"].shape[0] == 2
    assert all(isinstance(title, str) for title in prediction.outputs["titles"].ravel())
    assert prediction.version is None


def test_a_known_user_and_an_unknown_one(bundle):
    known, unknown = bundle.for_user("10", 2), bundle.for_user("nobody", 2)
    assert known.known_user and not unknown.known_user
    assert [movie.movie_id for movie in known.movies] == ["4", "1"]
    movie_id, title, score = known.movies[0]
    assert (movie_id, title) == ("4", "Movie 4")
    assert score == pytest.approx(1.04)
    assert len(unknown.movies) == 2


def test_any_user_is_known_by_id(bundle, tiny):
    assert bundle.any_user() in {"1", "2", "9", "10"}


def test_a_history_is_left_out_of_its_answer(bundle):
    answer = bundle.for_history(["0", "1"], 4)
    assert answer.known_user
    assert not {"0", "1"} & {movie.movie_id for movie in answer.movies}


def test_similar_movies(bundle):
    nearest = bundle.similar("0", 2)
    assert [movie.movie_id for movie in nearest] == ["2", "4"]
    assert nearest[0].score == pytest.approx(1)
    assert bundle.similar("no such movie", 2) == ()


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("3", ["3"]),
        ("Movie 3", ["3"]),
        (" movie 3 ", ["3"]),
        ("movie", ["0", "1", "2", "3", "4", "5"]),
        ("no such movie", []),
    ],
    ids=["id", "title", "case-and-blanks", "part-of-a-title", "nothing"],
)
def test_movies_by_id_or_title(bundle, text, ids):
    assert sorted(movie_id for movie_id, _ in bundle.movies_called(text)) == ids


def test_movies_that_the_catalogue_lacks(bundle):
    assert bundle.unknown_movies(["1", "x", "2", ""]) == ["x", ""]
