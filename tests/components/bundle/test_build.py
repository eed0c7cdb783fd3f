"""The signatures of a saved bundle, asked in this process; items and users are in tiny_bundle.py.

Scores by hand: an even user gives item 4 1.04, 2 1.02, 0 1.00 and odd items 0; an odd one 5 1.05,
3 1.03, 1 1.01. Ratings: 0 and 1 twice … see `users`.
"""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from components.bundle import build, popularity, records
from components.bundle import signatures as bundle_signatures


@pytest.fixture(scope="module")
def signatures(tiny, tmp_path_factory):
    path = str(tmp_path_factory.mktemp("bundle"))
    bundle_signatures.save(tiny.bundle(), path)
    loaded = tf.saved_model.load(path)
    signatures = {name: loaded.signatures[name] for name in loaded.signatures}
    yield signatures
    del loaded


def plain(outputs):
    return {name: value.numpy().tolist() for name, value in outputs.items()}


def recommend(signatures, history, exclude=((),), age=np.nan, times=0, request_time=0):
    count = len(history)
    nothing = tf.constant([""] * count)
    items = tf.constant(history, tf.string, shape=(count, len(history[0])))
    return plain(
        signatures["recommend"](
            history_item_ids=items,
            history_times=tf.fill(tf.shape(items), tf.constant(times, tf.int64)),
            history_rating=tf.fill(tf.shape(items), np.nan),
            exclude_item_ids=tf.constant(exclude, tf.string, shape=(count, len(exclude[0]))),
            age=tf.constant([age] * count, tf.float32),
            gender=nothing,
            occupation=nothing,
            zip=nothing,
            request_time=tf.fill([count], tf.constant(request_time, tf.int64)),
        )
    )


def test_known_users_get_their_own_kind_without_what_they_saw(signatures):
    answer = plain(signatures["serving_default"](user_id=tf.constant(["10", "9"])))
    # "10" saw 0, and 2 is no label any more when serving; of the rest 4 scores 1.04, the others 0
    assert answer["item_ids"] == [[b"4", b"1", b"3", b"5"], [b"0", b"2", b"4", b""]]
    assert answer["titles"][0] == [b"Item 4", b"Item 1", b"Item 3", b"Item 5"]
    assert answer["scores"][0] == pytest.approx([1.04, 0, 0, 0])
    assert answer["known_user"] == [True, True]


def test_user_who_has_seen_everything_gets_nothing(signatures):
    answer = plain(signatures["serving_default"](user_id=tf.constant(["2"])))
    assert answer["item_ids"] == [[b""] * 4]
    assert answer["titles"] == [[b""] * 4]


@pytest.mark.parametrize("user", ["1", "nobody", ""], ids=["nothing-rated", "stranger", "empty"])
def test_unknown_users_get_what_is_popular(signatures, user):
    answer = plain(signatures["serving_default"](user_id=tf.constant([user])))
    # each rated twice but 4, which was rated once; equal ones in order of the catalogue
    assert answer["known_user"] == [False]
    assert answer["item_ids"] == [[b"0", b"1", b"2", b"3"]]
    assert all(score > 0 for score in answer["scores"][0])


def test_empty_batch(signatures):
    empty = tf.constant([], tf.string)
    answer = plain(signatures["serving_default"](user_id=empty))
    names = ("item_ids", "titles", "scores", "known_user", "clock_skew")
    assert answer == {name: [] for name in names}
    assert plain(signatures["similar"](item_id=empty))["item_ids"] == []
    assert plain(signatures["serve_examples"](examples=empty))["item_ids"] == []
    assert signatures["embed_candidate"](examples=empty)["embedding"].shape == (0, 2)
    assert signatures["evaluate"](examples=empty)["hit_at_10"].shape == (0,)


@pytest.mark.parametrize(
    ("history", "exclude", "expected"),
    [
        ([["4"]], [[]], [b"2", b"0", b"1", b"3"]),
        ([["", "4", "", ""]], [[""]], [b"2", b"0", b"1", b"3"]),
        ([["4"]], [["2", "0", "no item", "2"]], [b"1", b"3", b"5", b""]),
        ([["no item"]], [[]], [b"4", b"2", b"0", b"1"]),
    ],
    ids=["plain", "gaps", "exclusions", "unknown-item"],
)
def test_recommend(signatures, history, exclude, expected):
    answer = recommend(signatures, history, exclude, age=20)
    assert answer["item_ids"] == [expected]


def test_recommend_to_somebody_of_whom_nothing_is_known(signatures):
    answer = recommend(signatures, [[]], [["0"]])
    assert answer["known_user"] == [False]
    assert answer["item_ids"] == [[b"1", b"2", b"3", b"5"]]


def test_rows_of_a_batch_do_not_mix(signatures):
    answer = recommend(signatures, [["4", ""], ["", ""]], [[""], ["0"]], age=20)
    assert answer["item_ids"] == [[b"2", b"0", b"1", b"3"], [b"4", b"2", b"1", b"3"]]


def test_similar_by_cosine_without_the_item_itself(signatures):
    answer = plain(signatures["similar"](item_id=tf.constant(["0", "no item"])))
    assert answer["item_ids"] == [[b"2", b"4", b"1", b"3"], [b""] * 4]
    assert answer["scores"][0] == pytest.approx([1, 1, 0, 0])


def test_examples_are_answered_like_their_users(signatures, tiny):
    whole = records.with_labels_as_history(tiny.users(), tiny.DEFINITION)
    by_example = plain(signatures["serve_examples"](examples=tf.constant(whole)))
    ids = tf.constant(["10", "9", "2", "1"])
    assert by_example == plain(signatures["serving_default"](user_id=ids))


def test_embeddings(signatures, tiny):
    query = plain(signatures["embed_query"](examples=tf.constant(tiny.users())))
    assert query["embedding"] == [[1, 0], [0, 1], [1, 0], [0, 0]]
    assert query["known"] == [True, True, True, False]
    items = plain(signatures["embed_candidate"](examples=tf.constant(tiny.catalogue().examples)))
    assert np.array(items["embedding"])[5] == pytest.approx([0, 1.05])


def test_measurement(signatures, tiny):
    measured = plain(signatures["evaluate"](examples=tf.constant(tiny.users()[:2])))
    # "10": saw 0, ranks 4, 2: its 2 is second. "9": saw 1 and 3, its 5 is first
    assert measured["hit_at_1"] == [0, 1]
    assert measured["hit_at_5"] == [1, 1]
    assert measured["mrr"] == [0.5, 1]
    assert measured["catalogue_size"] == [6, 6]
    described = plain(signatures["describe"](examples=tf.constant(tiny.users())))
    assert described["label_count"] == [1, 1, 1, 0]
    assert described["age_group"] == [b"18-24", b"25-34", b"35-44", b"unknown"]


def test_measurement_may_rank_seen_items_too(tiny):
    measured = tiny.bundle(exclude_seen=False).measurements.evaluate(tf.constant(tiny.users()[1:2]))
    # 5 scores 1.05 and is still first; of the seen ones 3 and 1 follow
    assert measured["top_positions"].numpy()[0][:3].tolist() == [5, 3, 1]


class TimedTowers(tf.Module):
    """The tiny ones, of which nothing but noise comes where the time of the request is unknown."""

    def __init__(self, tiny):
        super().__init__()
        self.uses_request_time = tf.Variable(True, trainable=False)
        self._towers = tiny.towers()
        specs = tiny.Towers.embed_query.input_signature
        self.embed_query = tf.function(self._embed_query, input_signature=specs)

    def _embed_query(self, query):
        found = self._towers.embed_query(query)
        told = tf.where(query["request_time"] > 0, 1.0, -1.0)
        return {**found, "embedding": found["embedding"] * told[:, tf.newaxis]}

    def embed_candidate(self, examples):
        return self._towers.embed_candidate(examples)


@pytest.fixture(scope="module")
def timed(tiny):
    return build.build(
        TimedTowers(tiny), tiny.catalogue(), tiny.users(), tiny.DEFINITION, k=4, exclude_seen=True
    )


def test_both_kinds_of_request_are_measured_apart(timed, signatures, tiny):
    raw = tf.constant(tiny.users()[:2])
    measured, other = plain(timed.measurements.evaluate(raw)), plain(signatures["evaluate"](raw))
    # "10" and 2: first come the Odd ones that score 0, then of the Even ones the worst
    assert measured["hit_at_1"] == [0, 0]
    for name in ("hit_at_1", "hit_at_5", "mrr", "ndcg_at_10"):
        assert measured[f"timed_{name}"] == other[name]
    assert not [name for name in other if name.startswith("timed_")]


def test_users_can_be_asked_for_at_a_time_and_without_items(timed, tiny):
    functions = bundle_signatures.signatures(timed)

    def ask(request_time, *excluded):
        asked = functions["recommend_user"](
            user_id=tf.constant(["10"]),
            request_time=tf.constant([request_time], tf.int64),
            exclude_item_ids=tf.constant([list(excluded) or [""]]),
        )
        return plain(asked)["item_ids"][0]

    assert ask(0) == plain(functions["serving_default"](tf.constant(["10"])))["item_ids"][0]
    assert ask(50) == [b"4", b"1", b"3", b"5"] and ask(50, "4", "3")[:2] == [b"1", b"5"]
    for wrong in (1_700_000_000_000, -1):
        with pytest.raises(tf.errors.InvalidArgumentError, match="divide milliseconds by 1000"):
            ask(wrong)
    example = tf.train.Example.FromString(tiny.users()[0])
    example.features.feature["request_time"].int64_list.value.append(1_700_000_000_000)
    with pytest.raises(tf.errors.InvalidArgumentError, match="divide milliseconds by 1000"):
        functions["serve_examples"](tf.constant([example.SerializeToString()]))


def test_requests_before_the_latest_event_are_told(timed):
    functions = bundle_signatures.signatures(timed)
    asked = functions["recommend_user"](
        user_id=tf.constant(["2", "2", "2", "2", "nobody"]),
        request_time=tf.constant([1, 5, 6, 0, 1], tf.int64),
        exclude_item_ids=tf.fill([5, 1], ""),
    )
    # the latest event of "2" is of second 5; the time of one request is not known
    assert plain(asked)["clock_skew"] == [4, 0, 0, 0, 0]
    given = {"history": [["4", ""]], "request_time": 1_000}
    assert recommend(functions, times=1_060, **given)["clock_skew"] == [60]
    assert recommend(functions, times=0, **given)["clock_skew"] == [0]
    assert recommend(functions, [[""]], times=1_060, request_time=1_000)["clock_skew"] == [0]


def test_times_of_a_history_in_milliseconds_are_refused(signatures):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"history_times is in seconds.*1000"):
        recommend(signatures, [["4"]], times=1_700_000_000_000)
    assert recommend(signatures, [["4"]], times=-86_400)["known_user"] == [True]  # of 1969


def test_towers_of_an_earlier_revision_take_no_time(tiny):
    class Earlier(tf.Module):
        def __init__(self):
            super().__init__()
            ((specs,), self._towers) = tiny.Towers.embed_query.input_signature, tiny.towers()
            known = {name: spec for name, spec in specs.items() if name != "request_time"}
            self.embed_query = tf.function(self._embed_query, input_signature=[known])

        def _embed_query(self, query):
            nothing = tf.zeros(tf.shape(query["user_id"]), tf.int64)
            return self._towers.embed_query({**query, "request_time": nothing})

        def embed_candidate(self, examples):
            return self._towers.embed_candidate(examples)

    built = build.build(
        Earlier(), tiny.catalogue(), tiny.users(), tiny.DEFINITION, k=4, exclude_seen=True
    )
    asked = tf.constant(["10", "9"])
    assert plain(built.answers.of_users(asked)) == plain(tiny.bundle().answers.of_users(asked))


def test_catalogue_of_one_item(tiny):
    timelines = np.array([tiny.timeline("1", ["0"], age=20), tiny.timeline("2", age=20)], object)
    built = build.build(
        tiny.towers(), tiny.catalogue(1), timelines, tiny.DEFINITION, k=100, exclude_seen=True
    )
    answer = plain(built.answers.of_users(tf.constant(["1", "2", "nobody"])))
    assert answer["item_ids"] == [[b""], [b"0"], [b"0"]]
    assert plain(built.answers.similar(tf.constant(["0"])))["item_ids"] == [[b""]]


def test_withdrawn_items_are_never_answered_though_they_were_rated(tiny):
    items = tiny.catalogue().without(frozenset({b"4", b"5"}))
    built = build.build(tiny.towers(), items, tiny.users(), tiny.DEFINITION, k=6, exclude_seen=True)
    answer = plain(built.answers.of_users(tf.constant(["10", "nobody"])))
    assert answer["item_ids"] == [[b"1", b"3", b"", b""], [b"0", b"1", b"2", b"3"]]
    missed = built.measurements.evaluate(tf.constant(tiny.users()[1:2]))  # its label is withdrawn
    assert missed["hit_at_10"].numpy().tolist() == [0]


def test_what_is_popular_lately_counts_beside_the_score(tiny):
    trend = popularity.Trend(weight=100.0)
    built = build.build(
        tiny.towers(),
        tiny.catalogue(),
        tiny.users(),
        tiny.DEFINITION,
        k=4,
        exclude_seen=True,
        trend=trend,
    )
    (answer,) = plain(built.answers.of_users(tf.constant(["10"])))["item_ids"]
    # of what "10" has not seen, 5 was rated twice, 1 twice, 3 twice and 4 once; 4 is Even
    assert answer == [b"1", b"3", b"5", b"4"]
    # The measurement must not know the labels: without them nobody rated 5, and 2 as many as 4.
    top = built.measurements.evaluate(tf.constant(tiny.users()[:1]))["top_positions"]
    assert top.numpy()[0].tolist() == [1, 3, 4, 2]


def test_neighbours_have_nothing_to_do_with_trends(tiny):
    trend = popularity.Trend(weight=100.0)
    built = build.build(
        tiny.towers(), tiny.catalogue(), tiny.users(), tiny.DEFINITION, 4, True, trend=trend
    )
    asked = tf.constant(["0"])
    assert plain(built.answers.similar(asked)) == plain(tiny.bundle().answers.similar(asked))


def test_a_query_that_is_not_finite_scores_nothing(tiny):
    class Diverged(tf.Module):
        @tf.function(input_signature=tiny.Towers.embed_query.input_signature)
        def embed_query(self, query):
            found = tiny.towers().embed_query(query)
            return {**found, "embedding": found["embedding"] * np.nan}

        def embed_candidate(self, examples):
            return tiny.towers().embed_candidate(examples)

    built = build.build(
        Diverged(), tiny.catalogue(), tiny.users(), tiny.DEFINITION, k=3, exclude_seen=True
    )
    answer = plain(built.answers.of_users(tf.constant(["10"])))
    assert answer["scores"] == [[0, 0, 0]]
    assert answer["item_ids"] == [[b"1", b"3", b"4"]]


def test_timelines_of_other_data_are_refused(tiny):
    timelines = np.array([tiny.timeline("1", ["99"])], object)
    with pytest.raises(ValueError, match="Item '99' has events and is not in the catalogue"):
        build.build(
            tiny.towers(), tiny.catalogue(), timelines, tiny.DEFINITION, k=4, exclude_seen=True
        )


def filtered(signatures, users, require=("",), forbid=("",)):
    count = len(users)
    return plain(
        signatures["recommend_user_filtered"](
            user_id=tf.constant(users),
            request_time=tf.zeros(count, tf.int64),
            exclude_item_ids=tf.fill([count, 1], ""),
            require=tf.constant([require] * count),
            forbid=tf.constant([forbid] * count),
        )
    )


def test_a_filter_leaves_out_what_does_not_pass_and_counts_it(signatures):
    answer = filtered(signatures, ["10", "9", "nobody"], ["genres=Odd"], ["year<20"])
    # 3 and 5 pass: "10" saw 0 and 2 and gives odd ones nothing, "9" saw both; then what is popular
    assert answer["item_ids"] == [[b"3", b"5", b"", b""], [b""] * 4, [b"3", b"5", b"", b""]]
    assert answer["titles"][0] == [b"Item 3", b"Item 5", b"", b""]
    assert answer["filtered"] == [4, 4, 4]
    assert answer["known_user"] == [True, True, False]


def test_a_filter_that_nothing_passes_answers_nothing_and_says_so(signatures):
    answer = filtered(signatures, ["10", "nobody"], ["genres=Western"])
    assert answer["item_ids"] == [[b""] * 4] * 2
    assert answer["filtered"] == [6, 6]


def test_without_terms_answers_are_those_of_no_filter_to_the_digit(signatures):
    users = ["10", "9", "2", "1", "nobody"]
    answer = filtered(signatures, users)
    assert answer.pop("filtered") == [0] * 5
    assert answer == plain(signatures["serving_default"](user_id=tf.constant(users)))


def test_a_history_is_filtered_too(signatures):
    nothing = tf.constant([""])
    asked = {
        "history_item_ids": tf.constant([["0"]]),
        "history_times": tf.zeros([1, 1], tf.int64),
        "history_rating": tf.constant([[np.nan]]),
        "exclude_item_ids": tf.constant([["4"]]),
        "age": tf.constant([20.0]),
        "gender": nothing,
        "occupation": nothing,
        "zip": nothing,
        "request_time": tf.zeros(1, tf.int64),
    }
    terms = {"require": tf.constant([["genres=Even"]]), "forbid": tf.constant([[""]])}
    answer = plain(signatures["recommend_filtered"](**asked, **terms))
    assert answer["item_ids"] == [[b"2", b"", b"", b""]]
    assert answer["filtered"] == [3]


def test_an_ivf_index_answers_a_filter_as_the_exact_one(tiny):
    built = [
        build.build(
            tiny.towers(), tiny.catalogue(10), tiny.users(), tiny.DEFINITION, 4, True, nprobe=nprobe
        )
        for nprobe in (None, 2)
    ]
    users = tf.constant(["10", "9", "1"])
    for term, share in (("year>=80", 0.2), ("year<=80", 0.9), ("genres=Odd", 0.5)):
        terms = (tf.fill([3, 1], term), tf.fill([3, 1], ""))
        exact, inverted = (plain(each.answers.of_users(users, terms=terms)) for each in built)
        assert inverted["filtered"] == exact["filtered"] == [round(10 * (1 - share))] * 3
        left = [[row.count(b"") for row in each["item_ids"]] for each in (exact, inverted)]
        assert left[0] == left[1]  # never fewer
        assert inverted["item_ids"][2] == exact["item_ids"][2]  # what is popular
        if share < 0.25:  # of few the exact index answers
            assert inverted == exact


def test_a_catalogue_without_filters_has_no_signature_for_them(tiny):
    item = {"features": {"year": tiny.DEFINITION.item.features["title_words"]}}
    definition = dataclasses.replace(
        tiny.DEFINITION, item=dataclasses.replace(tiny.DEFINITION.item, **item)
    )
    built = build.build(tiny.towers(), tiny.catalogue(), tiny.users(), definition, 4, True)
    assert not {"recommend_filtered", "recommend_user_filtered"} & set(
        bundle_signatures.signatures(built)
    )
