"""Promotion and rollback; the server here follows models.config as TensorFlow Serving does."""

import json
import shutil

import pytest
from tfx.types import standard_artifacts

from components.bundle import manifest
from components.registry import models_config, versions
from components.registry.baseline import Baseline
from pipeline.rollout import promotion
from pipeline.rollout.model_server import ModelServer
from transform import datasets


def state(base):
    return models_config.loaded(str(base)), models_config.labels(str(base))


def promote(base, version, label="stable", server=None, say=lambda line: None):
    promotion.promote(str(base), version, label, server, say)


def test_promotion_without_a_server_is_one_step(base):
    promote(base, 2)
    assert state(base) == ([2], {"stable": 2})
    assert versions.served(str(base)) == 2


def test_server_loads_both_before_the_label_moves(base, follow):
    models_config.write(str(base), {1}, {"stable": 1})
    server, model = follow()
    said = []
    promote(base, 3, server=model, say=said.append)
    server.poll()
    assert server.seen == [
        ([1, 3], {"stable": 1}),  # loaded beside the old one
        ([1, 3], {"stable": 3}),  # the label moved
        ([3], {"stable": 3}),  # the old one dropped
    ]
    assert server.labels == {"stable": 3}
    assert said == ["1. loading 1, 3", "2. moving the labels", "stable is version 3"]


def test_canary_is_loaded_beside_the_stable_one(base, follow):
    models_config.write(str(base), {1}, {"stable": 1})
    _, model = follow()
    promote(base, 3, "canary", model)
    assert state(base) == ([1, 3], {"stable": 1, "canary": 3})
    promote(base, 3, "stable", model)
    assert state(base) == ([3], {"stable": 3})


def test_version_that_can_not_be_loaded_changes_nothing(base, follow):
    models_config.write(str(base), {1}, {"stable": 1})
    _, model = follow(cannot_load=(3,))
    with pytest.raises(ValueError, match="could not load version 3: Data loss"):
        promote(base, 3, server=model)
    assert state(base) == ([1], {"stable": 1})


def test_server_that_takes_no_notice_changes_nothing(base, monkeypatch, follow):
    server, _ = follow()
    monkeypatch.setattr(server, "poll", lambda: None)
    impatient = ModelServer(f"http://127.0.0.1:{server.server_port}", "movielens", 0)
    with pytest.raises(ValueError, match=r"Waited 0 s for version 1 .*poll_wait_seconds"):
        promote(base, 1, server=impatient)
    assert not models_config.loaded(str(base))
    assert versions.served(str(base)) == 3


def test_nobody_answers(base):
    model = ModelServer("http://127.0.0.1:9", "movielens", 5)
    with pytest.raises(ValueError, match=r"No answer from http://127\.0\.0\.1:9 .*--no-server"):
        promote(base, 1, server=model)
    assert versions.served(str(base)) == 3


def test_damaged_version_is_not_promoted(base):
    (base / "3" / "saved_model.pb").write_text("rotten")
    with pytest.raises(ValueError, match=r"Version 3 is damaged, nothing was changed: saved_model"):
        promote(base, 3)
    assert state(base) == ([], {})


def test_version_that_is_not_there(base):
    with pytest.raises(LookupError, match="there are: 1, 2, 3"):
        promote(base, 7)


def test_rollback_goes_to_what_was_served_and_not_to_what_was_only_pushed(base, push):
    for version in (2, 3):
        shutil.rmtree(base / str(version))
    promote(base, 1)
    push(base, 2)  # was never served
    push(base, 3)
    promote(base, 3)
    assert promotion.rollback(str(base), None, print) == 1
    assert state(base) == ([1], {"stable": 1})
    with pytest.raises(LookupError, match=r"no version under .* was served before 1"):
        promotion.rollback(str(base), None, print)


def test_rollback_tells_what_new_bundles_are_compared_with(base, tmp_path):
    compared = {"timelines": "a", "last_event": ""}
    stated = json.loads(datasets.load(datasets.MOVIELENS).to_json())
    for folder in (*base.iterdir(), tmp_path / "bundle" / "Format-Serving"):
        folder.mkdir(parents=True, exist_ok=True)
        files = manifest.checksums(str(folder))
        told = manifest.Manifest({}, compared, {}, {}, {}, files, stated)
        manifest.write(str(folder), told)
    bundle = standard_artifacts.Model()
    bundle.uri = str(tmp_path / "bundle")
    for expected in ("3", "2", "1"):
        model = standard_artifacts.Model()
        model.uri = str(tmp_path / f"baseline-{expected}")
        Baseline.test_call(serving_base=str(base), bundle=bundle, model=model)
        assert model.get_string_custom_property("served_version") == expected
        if expected != "1":
            promotion.rollback(str(base), None, print)


def test_rollback_where_the_newest_was_served_goes_version_by_version(base):
    assert [promotion.rollback(str(base), None, print) for _ in range(2)] == [2, 1]
    promote(base, 3)
    assert promotion.rollback(str(base), None, print) == 1


def test_rollback_ends_a_canary(base):
    promote(base, 1)
    promote(base, 2)
    promote(base, 3, "canary")
    promotion.rollback(str(base), None, print)
    assert state(base) == ([1], {"stable": 1})


def test_rollback_skips_versions_that_are_gone(base):
    for version in (1, 2, 3):
        promote(base, version)
    (base / "2" / "saved_model.pb").unlink()
    assert promotion.rollback(str(base), None, print) == 1


def test_broken_history_is_named(base):
    promote(base, 1)
    (base.parent / promotion.HISTORY).write_text('{"a": 1}')
    with pytest.raises(ValueError, match=r"stable_versions\.json is not a list of versions"):
        promotion.rollback(str(base), None, print)


@pytest.fixture
def lost(base):
    """The version labelled stable is gone; 1 was stable before it, 3 was only pushed."""
    promote(base, 1)
    promote(base, 2)
    shutil.rmtree(base / "2")
    return base


def test_promotion_where_the_stable_version_is_gone(lost, follow):
    server, model = follow()
    server.available = {1, 2, 3}  # the server may have it still
    promote(lost, 3, server=model)
    server.poll()
    assert server.seen == [([3], {}), ([3], {"stable": 3})]  # nothing waits for what is gone
    assert versions.served(str(lost)) == 3
    assert promotion.stable_history(str(lost))[-2:] == [1, 3]


def test_rollback_where_the_stable_version_is_gone(lost):
    assert promotion.rollback(str(lost), None, print) == 1
    assert state(lost) == ([1], {"stable": 1})


def test_canary_needs_a_stable_version(lost):
    with pytest.raises(LookupError, match=r"labelled stable is not under .* promote another"):
        promote(lost, 3, "canary")
    assert state(lost) == ([2], {"stable": 2})
