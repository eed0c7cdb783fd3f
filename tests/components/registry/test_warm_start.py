import json
import logging
import os
import pathlib

import pytest
import tensorflow as tf
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import path_utils

from components.bundle import manifest
from components.bundle.component import fingerprint
from components.registry.warm_start import WarmStart
from transform import datasets

SPLIT = {"method": "leave_last_out"}
DEFINITION = datasets.load(datasets.MOVIELENS).to_json()
EVENTS = 4


@pytest.fixture
def examples(tiny):
    return [tiny.timeline("u1", ["m1"], ["m2"]), tiny.timeline("u2", ["m1"], ["m3"])]


@pytest.fixture
def timelines(tmp_path, examples):
    """Raw timelines, as an artifact, of four events until a second after 1970."""
    artifact = standard_artifacts.Examples()
    artifact.uri = str(tmp_path / "examples")
    artifact.split_names = artifact_utils.encode_split_names(["test"])
    folder = tmp_path / "examples" / "Split-test"
    folder.mkdir(parents=True)
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(str(folder / "data.gz"), options) as file:
        for example in examples:
            file.write(example)
    return artifact


def push(tmp_path, **changes):
    told = {
        "data": {"timelines": "others", "last_event": "1970-01-01T00:00:00+00:00"},
        "counts": {"events": EVENTS},
        "evaluation": {"split": SPLIT, "exclude_seen": True},
        "definition": json.loads(DEFINITION),
        **changes,
    }
    folder = tmp_path / "serving" / "7"
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_text("weights")
    manifest.write(str(folder), manifest.Manifest(towers={}, settings={}, files={}, **told))


def start(tmp_path, timelines, split=SPLIT):
    model = standard_artifacts.Model()
    model.uri = str(tmp_path / "model")
    WarmStart.test_call(
        timelines=timelines,
        model=model,
        definition=DEFINITION,
        serving_base=str(tmp_path / "serving"),
        split=json.dumps(split),
        exclude_seen=True,
    )
    return model


def copied(model):
    return pathlib.Path(path_utils.serving_model_dir(model.uri), "saved_model.pb").exists()


def test_served_bundle_is_copied_where_events_were_added(tmp_path, timelines):
    push(tmp_path, counts={"events": EVENTS - 1})
    model = start(tmp_path, timelines)
    assert copied(model)
    assert model.get_string_custom_property("served_version") == "7"


def test_nothing_was_pushed_yet(tmp_path, timelines, caplog):
    with caplog.at_level(logging.INFO, logger="absl"):
        model = start(tmp_path, timelines)
    assert os.listdir(model.uri) == []
    assert "training starts from nothing" in caplog.text


@pytest.mark.parametrize(
    ("pushed", "reason"),
    [
        ({"evaluation": {"split": {"method": "random"}, "exclude_seen": True}}, "was measured by"),
        ({"counts": {"events": EVENTS + 1}}, "not the same and more"),
        (
            {"data": {"timelines": "others", "last_event": "2000-01-01T00:00:00+00:00"}},
            "not the same and more",
        ),
    ],
    ids=["other-split", "fewer-events", "older-events"],
)
def test_what_may_have_trained_on_the_test_is_no_start(tmp_path, timelines, caplog, pushed, reason):
    push(tmp_path, **pushed)
    assert not copied(start(tmp_path, timelines))
    assert reason in caplog.text


def test_split_by_chance(tmp_path, timelines, caplog):
    by_chance = {"split": {"method": "random"}, "exclude_seen": True}
    push(tmp_path, evaluation=by_chance)
    assert not copied(start(tmp_path, timelines, by_chance["split"]))
    assert "the split by chance holds out others" in caplog.text


def test_same_events_may_be_split_by_chance(tmp_path, timelines, examples):
    same = {"timelines": fingerprint(examples), "last_event": ""}
    by_chance = {"split": {"method": "random"}, "exclude_seen": True}
    push(tmp_path, evaluation=by_chance, data=same)
    assert copied(start(tmp_path, timelines, by_chance["split"]))
