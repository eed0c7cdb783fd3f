"""A bundle before and after a user was erased from it."""

import functools
import pathlib

import pytest
import tensorflow as tf

from components.bundle import manifest, towers
from components.erasure import bundle as erasure
from components.erasure import vocabularies
from support import remembering_towers

PERSON, OTHER, STRANGER = b"zz-person-4711", b"zz-person-4712", b"nobody"


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    return remembering_towers.save_bundle(tmp_path_factory.mktemp("erasure"))


@pytest.fixture(scope="module")
def after(before, tmp_path_factory):
    target = str(tmp_path_factory.mktemp("erased") / "after")
    erasure.erase(before, target, [PERSON])
    return target


def unpacked(bundle, folder):
    towers.unpack(bundle, str(folder))
    return [*pathlib.Path(bundle).rglob("*"), *folder.rglob("*")]


def files_with(text, bundle, folder):
    return [
        path.name
        for path in unpacked(bundle, folder)
        if path.is_file() and text in path.read_bytes()
    ]


@functools.cache
def load(bundle):
    return tf.saved_model.load(bundle)


def ask(bundle, user, signature="serving_default"):
    answer = load(bundle).signatures[signature](user_id=tf.constant([user]))
    return {name: value.numpy().tolist() for name, value in answer.items()}


def test_who_is_held_is_told(before):
    assert erasure.held(before, [PERSON, OTHER, STRANGER]) == {PERSON, OTHER}


@pytest.mark.parametrize("text", [PERSON, b"zz-job-4711"])
def test_no_file_holds_them_any_more(before, after, tmp_path, text):
    assert files_with(text, before, tmp_path / "before")
    assert files_with(text, after, tmp_path / "after") == []
    assert erasure.held(after, [PERSON, OTHER]) == {OTHER}


def test_they_are_unknown_and_others_are_answered_as_before(before, after):
    assert ask(before, PERSON)["known_user"] == [True]
    assert ask(after, PERSON) == ask(after, STRANGER)
    for user in (b"10", b"2", STRANGER):
        assert ask(after, user) == ask(before, user)


def test_their_row_of_the_towers_is_zero_in_both_places(before, after, tmp_path):
    towers.unpack(after, str(tmp_path / "towers"))
    for model in (
        load(after).answers.towers,
        tf.saved_model.load(str(tmp_path / "towers")),
    ):
        table = model.query._user_features["user_id"].variables[0].numpy()
        assert table[:, 0].tolist() == [1, 0, 3, 4, 5]
        assert model.query._user_features["occupation"].variables[0].numpy()[:, 0].tolist() == [
            1,
            0,
            3,
        ]


def test_the_manifest_tells_of_what_is_left(after, tmp_path):
    assert manifest.problems(after) == []
    described = manifest.read(after)
    assert described.counts == {"users": 2, "items": 6, "events": 6}
    assert described.data["first_event"] == "1970-01-01T00:00:00+00:00"
    assert described.data["last_event"] == "1970-01-01T00:03:22+00:00"
    assert described.data["items"] == "m" and described.data["timelines"] != "t"
    towers.unpack(after, str(tmp_path))
    of_towers = manifest.fingerprint(manifest.checksums(str(tmp_path)))
    assert described.towers == {"sha256": of_towers, "run": "run 1"}


def test_the_bundle_answers_its_warm_up_in_a_bare_process(after):
    from components.canary import requests

    (answer,) = requests.ask(after, [("serving_default", {"user_id": ["zz-person-4711"]})])
    assert answer["known_user"] == [False]


def test_an_item_of_the_same_id_stays(before, tmp_path):
    target = str(tmp_path / "after")
    erasure.erase(before, target, [b"2"])
    similar = load(target).signatures["similar"](item_id=tf.constant([b"2"]))
    assert similar["item_ids"].numpy()[0, 0]
    assert vocabularies.read(target, "user_id")[0] == b"\xff erased 0"
    assert ask(target, b"2")["known_user"] == [False]


def test_one_after_the_other_is_as_good_as_both_at_once(before, after, tmp_path):
    erasure.erase(before, str(tmp_path / "both"), [PERSON, b"10", STRANGER])
    erasure.erase(after, str(tmp_path / "again"), [b"10"])
    both, again = (manifest.read(str(tmp_path / name)) for name in ("both", "again"))
    assert both.counts == again.counts == {"users": 1, "items": 6, "events": 3}
    assert both.data == again.data and both.towers == again.towers


def test_a_trained_user_without_a_timeline_is_erased_too(before, tmp_path):
    target = str(tmp_path / "after")
    erasure.erase(before, target, [OTHER])
    assert files_with(OTHER, target, tmp_path / "towers") == []
    assert manifest.read(target).counts == manifest.read(before).counts
