"""The exported towers, asked with raw features."""

import os

import numpy as np
import pytest
import tensorflow as tf

from support.transformed import DEFINITION, DIM, ITEMS, SMALL, item, item_id, raw_item
from trainer.config import ModelConfig
from trainer.data.windows import first_label_times, latest_inputs
from trainer.export import Towers
from trainer.model.encoders import ENCODERS
from trainer.model.towers import last_position
from trainer.run import build_and_fit, run_fn
from transform import features, queries

WIDTH = DIM + 1  # the item bias travels as one more dimension


@pytest.fixture(scope="module", params=list(ENCODERS))
def towers(request, data):
    args = data.fn_args(request.param, history=request.param)
    run_fn(args)
    loaded = tf.saved_model.load(args.serving_model_dir)
    loaded.history, loaded.folder = request.param, args.serving_model_dir
    return loaded


def query(user=b"", history=((),), age=float("nan"), gender=b""):
    items = tf.ragged.constant(history, dtype=tf.string, ragged_rank=1).to_tensor("")
    batch = len(history)
    return {
        **queries.nobody(DEFINITION, items),
        features.USER_ID: tf.fill([batch], user),
        "age": tf.fill([batch], age),
        "gender": tf.fill([batch], gender),
        "rating": tf.fill(tf.shape(items), 4.0),
        features.TIME: tf.ones(tf.shape(items), tf.int64),
    }


def embedding(towers, **asked):
    return towers.embed_query(query(**asked))["embedding"].numpy()


def test_vectors_have_the_size_asked_for_and_are_finite(towers):
    vectors = embedding(towers, user=b"u01", history=[[item_id(1)], [item_id(3)]])
    assert vectors.shape == (2, WIDTH) and np.isfinite(vectors).all()


def test_nothing_of_the_optimizer_is_exported(towers):
    stored = tf.train.list_variables(os.path.join(towers.folder, "variables", "variables"))
    names = [name for name, _ in stored]
    assert any(name.startswith("query/") for name in names)
    assert not [name for name in names if "optimizer" in name]


def test_empty_batch(towers):
    empty = {name: value[:0] for name, value in query(history=[[item_id(1)]]).items()}
    assert towers.embed_query(empty)["embedding"].shape == (0, WIDTH)
    assert towers.embed_candidate(tf.constant([], tf.string)).shape == (0, WIDTH)


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ({"user": b"u01"}, {*ENCODERS}),
        ({"user": b"stranger"}, set()),
        ({"user": b"stranger", "history": [[item_id(1)]]}, {*ENCODERS} - {"none"}),
        ({"user": b"stranger", "history": [[b"unheard-of"]]}, set()),
        ({"user": b"stranger", "age": 33.0, "gender": b"F"}, set()),
    ],
    ids=["user", "stranger", "with-history", "with-unknown-history", "with-profile"],
)
def test_who_is_known(towers, asked, known):
    assert towers.embed_query(query(**asked))["known"].numpy().all() == (towers.history in known)


@pytest.mark.parametrize(
    "history",
    [
        [item_id(1), b"", item_id(3), item_id(1)],
        [b"", item_id(1), item_id(3), item_id(1)],
        [item_id(1), item_id(3), item_id(1), b"", b""],
    ],
    ids=["gap", "padded-left", "padded-right"],
)
def test_padding_means_nothing(towers, history):
    compact = embedding(towers, history=[[item_id(1), item_id(3), item_id(1)]])
    np.testing.assert_allclose(embedding(towers, history=[history]), compact, atol=1e-6)


def test_only_the_window_counts(towers):
    long = [item_id(number % ITEMS) for number in range(40)]
    latest = long[-SMALL["window"] :]
    same = embedding(towers, history=[long]) - embedding(towers, history=[latest])
    np.testing.assert_allclose(same, 0, atol=1e-6)


def test_a_neighbour_in_the_batch_changes_nothing(towers):
    alone = embedding(towers, history=[[item_id(1)]])
    beside = embedding(towers, history=[[item_id(1)], [item_id(2)] * 9])
    np.testing.assert_allclose(beside[:1], alone, atol=1e-6)


def test_an_item_that_nobody_rated_gets_a_vector_from_its_content(towers):
    unrated, stranger = item(ITEMS - 1), {**item(1), features.ITEM_ID: b"brand-new"}
    vectors = towers.embed_candidate(tf.constant([raw_item(m) for m in (unrated, stranger)]))
    assert np.isfinite(vectors.numpy()).all() and (vectors.numpy() != 0).any(axis=1).all()


@pytest.fixture(scope="module")
def timed(data):
    args = data.fn_args("timed", request_time=True)
    run_fn(args)
    return tf.saved_model.load(args.serving_model_dir)


def asked_at(towers, request_time, history, times):
    asked = query(history=[history])
    asked[features.TIME] = tf.constant([times], tf.int64)
    asked[features.REQUEST_TIME] = tf.constant([request_time], tf.int64)
    return towers.embed_query(asked)["embedding"].numpy()


def test_after_one_event_the_time_of_the_request_counts(timed):
    unknown, soon, late = (asked_at(timed, at, [item_id(1)], [1_000]) for at in (0, 1_001, 10**9))
    assert np.abs(soon - late).max() > 1e-3 and np.abs(soon - unknown).max() > 1e-3


def test_where_the_times_of_events_are_not_known_that_of_the_request_says_nothing(timed):
    history = [item_id(1), item_id(3)]
    unknown, known = (asked_at(timed, at, history, [0, 0]) for at in (0, 10**9))
    np.testing.assert_array_equal(unknown, known)
    np.testing.assert_array_equal(asked_at(timed, 10**9, history, [1_000, 0]), known)


def test_of_50_000_events_the_latest_count(timed):
    history = [item_id(number % ITEMS) for number in range(50_000)]
    times = list(range(1, 50_001))
    latest = slice(-SMALL["window"], None)
    whole = asked_at(timed, 60_000, history, times)
    assert np.isfinite(whole).all()
    np.testing.assert_allclose(
        asked_at(timed, 60_000, history[latest], times[latest]), whole, atol=1e-6
    )


@pytest.mark.parametrize("request_time", [False, True], ids=["any-time", "request-time"])
def test_towers_read_a_timeline_as_training_does(data, tmp_path, request_time):
    settings = {"gaps": True, "request_time": request_time, "window": 3, "epochs": 1}
    config = ModelConfig(**{**SMALL, **settings})
    read = data.read()
    model, _ = build_and_fit(read, config, str(tmp_path))
    towers = Towers(
        model,
        DEFINITION,
        read.unknown_rows(),
        read.timelines_transform,
        read.items_transform,
        config,
    )
    timelines = read.eval
    asked_at = first_label_times(timelines)
    past = latest_inputs(timelines, config.window, read.unknown_rows(), asked_at)
    rows = {name: tf.constant(rows) for name, rows in timelines.user_features.items()}
    trained = model.query(rows, past.items, past.events, past.gaps, past.waits, past.times)

    users = read.vocabularies[features.USER_ID]
    held_out = {row[features.USER_ID]: row for row in data.held_out}
    rows = [held_out[users[row]] for row in timelines.user_features[features.USER_ID]]
    assert any(len(row[features.ITEM_ID]) > config.window for row in rows)

    def asked(name, padding):
        return tf.ragged.constant([row[name] for row in rows]).to_tensor(padding)

    query = {
        **queries.nobody(DEFINITION, asked(features.ITEM_ID, "")),
        features.USER_ID: tf.constant([row[features.USER_ID] for row in rows]),
        "age": tf.constant([row["age"][0] for row in rows]),
        "gender": tf.constant([row["gender"][0] for row in rows]),
        "rating": asked("rating", float("nan")),
        features.TIME: tf.cast(asked(features.TIME, 0), tf.int64),
        features.REQUEST_TIME: tf.constant(asked_at, tf.int64),
    }
    served = towers.embed_query(query)["embedding"].numpy()
    np.testing.assert_allclose(served, last_position(trained, past.items), atol=1e-5)
    for name, unknown in (("rating", float("nan")), (features.TIME, 0)):
        nothing = tf.fill(tf.shape(query[name]), tf.constant(unknown, query[name].dtype))
        without = towers.embed_query({**query, name: nothing})
        assert np.abs(without["embedding"] - served).max(axis=1).min() > 1e-3
    assert bool(towers.uses_request_time) == request_time
    asked_at_any = {**query, features.REQUEST_TIME: tf.zeros(len(rows), tf.int64)}
    changed = np.abs(towers.embed_query(asked_at_any)["embedding"] - served).max(axis=1)
    assert (changed > 1e-3).all() if request_time else (changed == 0).all()
    last = tf.reduce_max(query[features.TIME], axis=1)
    early = [
        towers.embed_query({**query, features.REQUEST_TIME: at})["embedding"].numpy()
        for at in (last, last - 1)  # clocks differ
    ]
    np.testing.assert_array_equal(*early)
