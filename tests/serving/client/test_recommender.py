"""The client of a real bundle, whose towers are made up, over both transports."""

import numpy as np
import pytest

from serving.client import bundle_definition, grpc_transport, rest_transport
from serving.client.recommender import Answer, Event, Item, RecommenderClient
from serving.client.transport import Prediction, RequestRefused


@pytest.fixture(params=["grpc", "rest"])
def recommender(request, bundle, bundle_base):
    if request.param == "grpc":
        transport = grpc_transport.GrpcTransport(bundle.address)
    else:
        transport = rest_transport.RestTransport(bundle.url)
    with transport:
        definition = bundle_definition.read(str(bundle_base / "1"))
        yield RecommenderClient(transport, batch_size=3, definition=definition)


def test_known_and_unknown_users_in_batches(recommender):
    users = [str(user) for user in range(1, 13)]
    answers = recommender.for_users([*users, "nobody", ""], k=5)
    assert [answer.known_user for answer in answers] == [True] * 12 + [False] * 2
    assert all(len(answer.items) == 5 for answer in answers)
    scores = [item.score for item in answers[0].items]
    assert scores == sorted(scores, reverse=True)
    assert answers[0].version in (1, None)
    assert recommender.for_users([]) == []


def test_ten_thousand_exclusions(recommender):
    everything_but_9 = [str(item) for item in range(1, 61) if item != 9]
    exclude = everything_but_9 + [f"unknown {n}" for n in range(10_000 - 59)]
    assert len(exclude) == 10_000
    answer = recommender.recommend(["1", "2"], exclude=exclude)
    assert [item.item_id for item in answer.items] == ["9"]


def test_an_empty_history_gets_what_is_popular(recommender):
    answer = recommender.for_history([], 3)
    assert not answer.known_user
    assert len(answer.items) == 3


def test_all_that_is_not_known_travels(recommender):
    answer = recommender.recommend(k=3)
    assert not answer.known_user
    assert answer.items == recommender.for_history([], 3).items


def test_what_is_known_reaches_the_towers(recommender):
    by_id = recommender.recommend(["1", "2"], k=3)
    assert by_id == recommender.for_history(["1", "2"], 3)
    rated = Event("2", time=1_700_000_000, features={"rating": 5})
    answer = recommender.recommend([Event("1"), rated], {"age": 25, "gender": "F"}, k=3)
    # the towers of this bundle add a hundredth of the ratings that are known and of the age
    assert [item.score for item in answer.items] == pytest.approx(
        [item.score + 0.30 for item in by_id.items], abs=1e-5
    )


def test_similar(recommender):
    known, unknown = recommender.similar(["7", "no such item"], 4)
    assert len(known.items) == 4
    assert "7" not in {item.item_id for item in known.items}
    assert unknown.items == ()


class Recorder:
    """A transport that notes its requests and answers each row with items 1 and "", in order."""

    def __init__(self):
        self.requests = []

    def predict(self, signature, inputs):
        self.requests.append((signature, inputs))
        rows = len(next(iter(inputs.values())))
        return Prediction(
            {
                "item_ids": np.array([["1", "", "3"]] * rows, object),
                "titles": np.array([["A", "", "C"]] * rows, object),
                "scores": np.array([[0.5, -1, -2]] * rows, np.float32),
            },
            7,
        )


def test_ids_are_sent_in_batches():
    transport = Recorder()
    answers = RecommenderClient(transport, batch_size=2).for_users(["a", "b", "c"], k=2)
    assert [inputs["user_id"] for _, inputs in transport.requests] == [["a", "b"], ["c"]]
    assert answers == [Answer((Item("1", "A", 0.5),), True, 7)] * 3  # "" is no item


def test_answers_to_clocks_that_are_behind_are_counted():
    class Behind(Recorder):
        def predict(self, signature, inputs):
            told = super().predict(signature, inputs)
            skew = np.array([60, 0][: len(told.outputs["scores"])], np.int64)
            return Prediction({**told.outputs, "clock_skew": skew}, told.version)

    client = RecommenderClient(Behind(), batch_size=2)
    answers = client.for_users(["a", "b", "c"], request_time=1)
    assert [answer.clock_skew for answer in answers] == [60, 0, 60]
    assert client.clock_skews == 2


def test_recommend_needs_a_definition():
    with pytest.raises(ValueError, match="made with a definition"):
        RecommenderClient(Recorder()).recommend(["1"])


@pytest.mark.parametrize("size", [0, -1])
def test_batch_size_below_one(size):
    with pytest.raises(ValueError, match=f"batch_size must be at least 1, got {size}"):
        RecommenderClient(Recorder(), size)


def test_a_filter_over_both_transports(recommender):
    known, unknown = recommender.for_users(["1", "nobody"], require=["genres=War", "year>=1999"])
    assert len(known.items) == len(unknown.items) == 10
    assert known.filtered == 0
    assert recommender.for_users(["1"])[0].filtered is None
    (nothing,) = recommender.for_users(["1"], forbid=["genres=Drama"])
    assert nothing.items == () and nothing.filtered == 60
    answer = recommender.for_history(["1", "2"], 3, require=["genres=Drama", "genres=Horror"])
    assert answer.items == recommender.for_history(["1", "2"], 3).items


@pytest.mark.parametrize(
    ("term", "message"),
    [
        ("colour=red", "no feature of this name; there are: year, genres, title_words"),
        ("title_words=x", "not marked filter: true"),
        ("genres<3", "has no order"),
        ("genres", "malformed"),
    ],
)
def test_a_server_names_the_term_that_it_refuses(recommender, term, message):
    with pytest.raises(RequestRefused, match=f"(?s){message}.*{term}"):
        recommender.for_users(["1"], require=[term])


def test_a_filter_is_a_list_of_texts():
    with pytest.raises(ValueError, match="list of terms, got the text 'genres=War'"):
        RecommenderClient(Recorder()).for_users(["1"], require="genres=War")
    with pytest.raises(ValueError, match="A term of a filter is a text, got 5"):
        RecommenderClient(Recorder()).for_users(["1"], forbid=[5])


def test_without_terms_old_signatures_are_asked():
    transport = Recorder()
    client = RecommenderClient(transport, batch_size=2)
    client.for_users(["a"], exclude=["x"])
    client.for_users(["a", "b", "c"], forbid=["year<1980"])
    assert [signature for signature, _ in transport.requests] == [
        "recommend_user",
        "recommend_user_filtered",
        "recommend_user_filtered",
    ]
    assert transport.requests[1][1]["forbid"] == [["year<1980"]] * 2
    assert transport.requests[1][1]["require"] == [[""]] * 2
