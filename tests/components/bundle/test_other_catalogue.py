"""The bundle of a shop, which has every kind of feature; see support/tiny_shop.py."""

import json

import pytest
import tensorflow as tf
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.bundle import build, manifest, records, signatures, slices, warm_up
from components.bundle.component import CandidateIndex
from components.canary.component import Canary
from support import tiny_shop
from transform import queries

SHOP = tiny_shop.DEFINITION
NAN = float("nan")


@pytest.fixture(scope="module")
def bundle():
    return build.build(
        tiny_shop.Towers(), tiny_shop.catalogue(), tiny_shop.users(), SHOP, k=4, exclude_seen=True
    )


@pytest.fixture(scope="module")
def saved(bundle, tmp_path_factory):
    path = str(tmp_path_factory.mktemp("shop"))
    signatures.save(bundle, path)
    loaded = tf.saved_model.load(path)
    yield {name: loaded.signatures[name] for name in loaded.signatures}
    del loaded


def plain(outputs):
    return {name: value.numpy().tolist() for name, value in outputs.items()}


def of_one(**given):
    """Inputs of `recommend` for one user of whom only what is given is known."""
    specs = signatures.recommend_specs(SHOP)
    length = len(given.get("history_item_ids", [[]])[0])
    unknown = queries.nobody(SHOP, tf.fill([1, length], ""))
    names = signatures.input_names(SHOP)
    inputs = {given_name: unknown[name] for name, given_name in names.items()}
    inputs["exclude_item_ids"] = tf.zeros([1, 0], tf.string)
    return inputs | {name: tf.constant(value, specs[name].dtype) for name, value in given.items()}


def test_stored_users_are_answered_by_taste_and_context(saved):
    known = tf.constant(["tasteful", "contextual"])
    answer = plain(saved["serving_default"](user_id=known))
    # (1, 0): 007 is bought and left out, a was only looked at; (0, 1) + (0, 2): 7 is bought
    assert answer["item_ids"] == [[b"a", b"7", b"b", b""], [b"b", b"007", b"a", b""]]
    assert answer["scores"][0][:3] == [1, 0, 0]
    assert answer["scores"][1][:3] == [3, 0, 0]
    assert answer["titles"][0][0] == b"Article a"
    assert answer["known_user"] == [True, True]


@pytest.mark.parametrize("user", ["stranger", "nobody"])
def test_unknown_users_get_what_is_popular(saved, user):
    answer = plain(saved["serving_default"](user_id=tf.constant([user])))
    assert answer["known_user"] == [False]
    assert answer["item_ids"] == [[b"007", b"7", b"a", b"b"]]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"taste": [[0.0, 1.0]]}, [b"7", b"b", b"007", b"a"]),
        (
            {
                "history_item_ids": [["7", "", "a"]],
                "history_type": [["purchase", "", "view"]],
                "history_times": [[5, 0, 6]],
                "history_quantity": [[1.0, NAN, 2.0]],
                "history_context": [[[0.0, 0.0], [0.0, 0.0], [0.0, 1.0]]],
                "country": ["DE"],
                "interests": [["tea", "unheard of"]],
            },
            [b"b", b"007", b"a", b""],
        ),
        (
            {"taste": [[1.0, 0.0]], "exclude_item_ids": [["007", "no item"]]},
            [b"a", b"7", b"b", b""],
        ),
    ],
    ids=["user-features-alone", "events-with-types", "exclusions"],
)
def test_recommend(saved, given, expected):
    answer = plain(saved["recommend"](**of_one(**given)))
    assert answer["item_ids"] == [expected]
    assert answer["known_user"] == [True]


def test_items_of_a_history_alone_are_seen(saved):
    answer = plain(saved["recommend_history"](history_item_ids=tf.constant([["a", "7"]])))
    assert answer["known_user"] == [True]
    assert set(answer["item_ids"][0]) == {b"007", b"b", b""}


def test_inputs_of_recommend_are_those_of_the_definition(saved):
    _, inputs = saved["recommend"].structured_input_signature
    shapes = {name: spec.shape.as_list() for name, spec in inputs.items()}
    assert shapes == {
        "country": [None],
        "interests": [None, None],
        "income": [None],
        "joined": [None],
        "about": [None],
        "taste": [None, 2],
        "history_item_ids": [None, None],
        "history_times": [None, None],
        "request_time": [None],
        "history_type": [None, None],
        "history_quantity": [None, None],
        "history_context": [None, None, 2],
        "exclude_item_ids": [None, None],
    }


def test_inputs_of_different_batches_are_refused(saved):
    with pytest.raises(tf.errors.InvalidArgumentError, match="differ in their number of rows"):
        saved["recommend"](**of_one(country=["DE", "FR"]))


def test_every_signature_answers_the_warm_up(saved):
    requests = list(warm_up.requests(tiny_shop.catalogue(), SHOP))
    assert {signature for signature, _ in requests} == set(saved)
    for signature, inputs in requests:
        rows = {len(value) for value in inputs.values()}
        outputs = saved[signature](**{name: tf.constant(value) for name, value in inputs.items()})
        assert {len(value) for value in outputs.values()} == rows


def test_measurement_knows_no_labels_and_slices_go_by_the_definition(saved):
    examples = tf.constant(tiny_shop.users())
    measured = plain(saved["evaluate"](examples=examples))
    # "contextual" looked at b in the context (0, 1): 7 scores 2, b 1, and b is not bought
    assert measured["hit_at_1"] == [0, 1, 0]
    described = plain(saved["describe"](examples=examples))
    assert described["income_group"] == [b"10.5+", b"unknown", b"unknown"]
    assert described["label_count"] == [0, 1, 0]
    assert described["activity"] == [b"1-19", b"1-19", b"0"]
    raw = {"country"}
    assert set(slices.slice_keys(SHOP)) - raw <= set(described)
    assert not raw & set(described)


def test_labels_join_weights_numbers_and_vectors_event_by_event():
    (joined,) = records.with_labels_as_history(tiny_shop.users()[1:2], SHOP)
    feature = tf.train.Example.FromString(joined).features.feature
    assert list(feature["item_id"].bytes_list.value) == [b"7", b"b"]  # the label was earlier
    assert list(feature["time"].int64_list.value) == [2, 3]
    assert list(feature["type"].bytes_list.value) == [b"purchase", b"view"]
    assert list(feature["quantity"].float_list.value) == [2, 3]
    assert list(feature["weight"].float_list.value) == pytest.approx([0.2, 0.3])
    assert list(feature["context"].float_list.value) == [0, 2, 0, 1]
    assert not [name for name in feature if name.startswith("label_")]


def artifact(kind, folder, split=None, examples=()):
    made = kind()
    made.uri = str(folder)
    if split:
        path = folder / f"Split-{split}" / "data_tfrecord-00000-of-00001.gz"
        path.parent.mkdir(parents=True)
        with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
            for example in examples:
                writer.write(example)
        made.split_names = json.dumps([split])
    return made


@pytest.mark.slow  # the canary starts a process
@pytest.mark.parametrize("first", [0, 2], ids=["all-users", "nobody-did-anything"])
def test_canary_blesses_the_bundle_of_a_shop(tmp_path, first):
    model = artifact(standard_artifacts.Model, tmp_path / "towers")
    tf.saved_model.save(tiny_shop.Towers(), path_utils.serving_model_dir(model.uri))
    examples = standard_artifacts.Examples
    items, people = tiny_shop.catalogue().examples, tiny_shop.users()[first:]
    inputs = {
        "model": model,
        "items": artifact(examples, tmp_path / "items", "catalogue", items),
        "timelines": artifact(examples, tmp_path / "timelines", "test", people),
        "bundle": artifact(standard_artifacts.Model, tmp_path / "bundle"),
        "definition": SHOP.to_json(),
    }
    CandidateIndex.test_call(**inputs, inverted_from=100, probes=1, max_batch=32, k=4)
    told = manifest.read(path_utils.serving_model_dir(inputs["bundle"].uri))
    assert told.definition == json.loads(SHOP.to_json())
    blessing = artifact(standard_artifacts.InfraBlessing, tmp_path / "blessing")
    Canary.test_call(**inputs, blessing=blessing)
    assert blessing.get_int_custom_property("blessed") == 1
