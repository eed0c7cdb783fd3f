"""Training by a definition with every kind of feature, on items, users and events."""

import numpy as np
import pytest
import tensorflow as tf

from support import transformed
from support.transformed import ITEMS, USERS, item_id
from trainer.config import ModelConfig
from trainer.data.windows import latest_inputs
from trainer.export import Towers
from trainer.model.towers import last_position
from trainer.run import build_and_fit, run_fn
from transform import features, queries, yaml_files
from transform.definition_files import build

TEXT = """
name: shop
item:
  id: sku
  title: name
  features:
    brand: {kind: category}
    tags: {kind: categories}
    words: {kind: words, column: name, min_count: 1}
    price: {kind: number, buckets: 4}
    released: {kind: time}
    image: {kind: vector, size: 2}
user:
  id: customer
  features:
    country: {kind: category}
    interests: {kind: categories}
    spend: {kind: number, steps: [10, 100]}
    joined: {kind: time}
    taste: {kind: vector, size: 2}
event:
  user: customer
  item: sku
  time: {column: ts}
  weight: worth
  seen: {type: [buy]}
  features:
    type: {kind: category}
    amount: {kind: number, buckets: 3}
    mood: {kind: vector, size: 2}
"""
SHOP = build(*yaml_files.parse(TEXT, "shop.yaml"), "shop.yaml")
DAY = 86_400


def events(user, items, first):
    """Returns the lists of a history, by name."""
    return {
        features.ITEM_ID: [item_id(item) for item in items],
        features.TIME: [first + place * DAY for place in range(len(items))],
        features.WEIGHT: [1.0 + place % 2 for place in range(len(items))],
        "type": [[b"buy", b"view", b""][(user + place) % 3] for place in range(len(items))],
        "amount": [float(place) if place % 2 else float("nan") for place in range(len(items))],
        "mood": [float(value) for item in items for value in (item, -item)],
    }


def timeline(user, items, labels=()):
    row = {
        features.USER_ID: b"u%02d" % user,
        "country": [[b"DE", b"FR"][user % 2]],
        "interests": [b"a", b"b"][: user % 3],
        "spend": [float(user * 20)] if user % 4 else [],
        "joined": [user * 40 * DAY],
        "taste": [float(user % 2), 1.0],
        **events(user, items, 500 * DAY),
    }
    later = events(user, labels, 600 * DAY)
    return row | {features.label(name): values for name, values in later.items()}


def item(number):
    return {
        features.ITEM_ID: item_id(number),
        features.TITLE: b"Thing %d" % number,
        "brand": [[b"Acme", b"Best"][number % 2]],
        "tags": [b"x", b"y", b"z"][: number % 4],
        "words": [b"Thing number %d" % number],
        "price": [float(number)] if number != 3 else [],
        "released": [number * 30 * DAY] if number != 2 else [],
        "image": [float(number % 2), 1.0] if number != 1 else [],
    }


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    watched = {user: [m for m in range(ITEMS - 1) if m % 2 == user % 2] for user in range(USERS)}
    left_out = {user: items[user // 2 % len(items)] for user, items in watched.items()}
    known = {u: [item for item in items if item != left_out[u]] for u, items in watched.items()}
    return transformed.Data(
        tmp_path_factory.mktemp("shop"),
        [timeline(user, items) for user, items in known.items()],
        [timeline(user, items, [left_out[user]]) for user, items in known.items()],
        [item(number) for number in range(ITEMS)],
        SHOP,
    )


@pytest.fixture(scope="module")
def towers(data):
    args = data.fn_args("model", gaps=True)
    run_fn(args)
    return tf.saved_model.load(args.serving_model_dir)


def query():
    """Returns the query of a user of whom everything is known."""
    return {
        features.USER_ID: tf.constant(["u03"]),
        "country": tf.constant(["FR"]),
        "interests": tf.constant([["a", "b"]]),
        "spend": tf.constant([60.0]),
        "joined": tf.constant([120 * DAY], tf.int64),
        "taste": tf.constant([[1.0, 1.0]]),
        features.ITEM_ID: tf.constant([["m01", "m05"]]),
        features.TIME: tf.constant([[500 * DAY, 501 * DAY]], tf.int64),
        features.REQUEST_TIME: tf.constant([0], tf.int64),
        "type": tf.constant([["buy", "view"]]),
        "amount": tf.constant([[1.0, 3.0]]),
        "mood": tf.constant([[[1.0, -1.0], [5.0, -5.0]]]),
    }


@pytest.mark.parametrize("name", [*SHOP.user_features, *SHOP.event.features, features.TIME])
def test_every_feature_of_a_query_counts(towers, name):
    nothing = queries.nobody(SHOP, query()[features.ITEM_ID])[name]
    if name == "interests":
        nothing = tf.constant([[""]])
    known = towers.embed_query(query())["embedding"]
    without = towers.embed_query({**query(), name: nothing})["embedding"]
    assert np.abs(known - without).max() > 1e-4


@pytest.mark.parametrize("name", list(SHOP.item.features))
def test_every_feature_of_an_item_counts(towers, name):
    whole = raw_record(item(5))
    without = raw_record({**item(5), name: []})
    vectors = towers.embed_candidate(tf.constant([whole, without])).numpy()
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-4


def test_towers_read_a_timeline_as_training_does(data, tmp_path, towers):
    read = data.read()
    config = ModelConfig(**{**transformed.SMALL, "gaps": True, "window": 3})
    model, _ = build_and_fit(read, config, str(tmp_path))
    timelines = read.eval
    past = latest_inputs(timelines, config.window, read.unknown_rows())
    users = {name: tf.constant(column) for name, column in timelines.user_features.items()}
    known = {name: tf.constant(column) for name, column in past.events.items()}
    trained = model.query(users, tf.constant(past.items), known, past.gaps, past.waits, past.times)
    exported = Towers(
        model,
        SHOP,
        read.unknown_rows(),
        read.timelines_transform,
        read.items_transform,
        config,
    )
    order = [
        read.vocabularies[features.USER_ID].index(row[features.USER_ID]) for row in data.held_out
    ]
    raw = tf.constant([raw_record(row) for row in data.held_out])
    served = exported.embed_query(queries.parse(raw, SHOP))["embedding"].numpy()
    expected = last_position(trained, tf.constant(past.items)).numpy()[order]
    np.testing.assert_allclose(served, expected, atol=1e-5)


def test_seen_and_weights_are_read(data):
    read = data.read()
    assert set(read.train.history.seen.tolist()) == {0, 1}
    assert set(read.train.history.weight.tolist()) == {1.0, 2.0}
    assert read.unknown_rows() == {"type": 2, "amount": 0, "mood": 0}
    assert read.item_times()["released"].shape == (len(read.positions) + 1,)


def raw_record(row):
    """Returns a raw record, serialized; what is missing is absent."""
    example = tf.train.Example()
    for name, value in row.items():
        values = value if isinstance(value, list) else [value]
        if values:
            kind = {float: "float_list", int: "int64_list"}.get(type(values[0]), "bytes_list")
            getattr(example.features.feature[name], kind).value.extend(values)
    return example.SerializeToString()
