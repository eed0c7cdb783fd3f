import dataclasses
import logging
import pathlib

import pytest
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.bundle import manifest
from components.evaluation.evaluator import has_model
from components.registry import models_config
from components.registry.baseline import Baseline

TOLD = manifest.Manifest(
    towers={},
    data={"timelines": "a", "last_event": "2000-01-01"},
    counts={"events": 10},
    evaluation={"exclude_seen": True, "split": {}},
    settings={},
    files={},
    definition={"name": "shop", "event": {}, "user": None},
    push={"metrics": {"hit@10": 0.1}},
)


def push(base, version, told=TOLD):
    folder = base / version
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_text(version)
    if told:
        manifest.write(str(folder), told)


def baseline(tmp_path, told=TOLD):
    bundle, model = standard_artifacts.Model(), standard_artifacts.Model()
    bundle.uri, model.uri = str(tmp_path / "bundle"), str(tmp_path / "model")
    if told:
        manifest.write(path_utils.serving_model_dir(bundle.uri), told)
    base = tmp_path / "serving" / "movielens"
    Baseline.test_call(serving_base=str(base), bundle=bundle, model=model)
    return model


@pytest.fixture
def base(tmp_path):
    return tmp_path / "serving" / "movielens"


def test_first_run_has_none(tmp_path):
    assert not has_model(baseline(tmp_path))


def test_newest_pushed_version_is_copied(tmp_path, base):
    push(base, "9")
    push(base, "10")
    model = baseline(tmp_path)
    copied = pathlib.Path(path_utils.serving_model_dir(model.uri)) / "saved_model.pb"
    assert has_model(model)
    assert copied.read_text() == "10"
    assert model.get_string_custom_property("served_version") == "10"


def test_after_a_rollback_it_is_the_older_one(tmp_path, base):
    push(base, "9")
    push(base, "10")
    models_config.write(str(base), {9}, {"stable": 9})
    assert baseline(tmp_path).get_string_custom_property("served_version") == "9"


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (None, "it has no manifest"),
        (dataclasses.replace(TOLD, evaluation={"exclude_seen": False}), "it was measured by"),
        (dataclasses.replace(TOLD, format=1, definition={}), "its manifest has format 1"),
    ],
    ids=["no-manifest", "other-protocol", "older-format"],
)
def test_what_can_not_be_compared_is_no_baseline_and_the_log_says_so(
    tmp_path, base, caplog, told, reason
):
    push(base, "9", told)
    logging.getLogger("absl").propagate = True
    with caplog.at_level(logging.WARNING, logger="absl"):
        assert not has_model(baseline(tmp_path))
    assert "there is no baseline" in caplog.text
    assert reason in caplog.text


def test_bundle_without_a_manifest_is_an_error(tmp_path, base):
    push(base, "9")
    with pytest.raises(ValueError, match="has no manifest"):
        baseline(tmp_path, told=None)


def test_newest_stands_in_for_a_stable_version_that_is_gone(tmp_path, base, caplog):
    push(base, "9")
    push(base, "10")
    models_config.write(str(base), {8}, {"stable": 8})
    logging.getLogger("absl").propagate = True
    with caplog.at_level(logging.WARNING, logger="absl"):
        model = baseline(tmp_path)
    assert model.get_string_custom_property("served_version") == "10"
    assert "labels version 8 as stable, which is not under" in caplog.text
