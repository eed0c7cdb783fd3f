"""Promotion and rollback; the server here follows models.config as TensorFlow Serving does."""

import json
import shutil

import pytest
from tfx.types import standard_artifacts

from components.bundle import manifest
from components.registry import lock, models_config, placing, versions
from components.registry.baseline import Baseline
from pipeline.rollout import promotion, stable_history
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


def test_version_that_a_push_removes_while_its_files_are_compared(base, monkeypatch):
    def problems(folder):
        shutil.rmtree(folder)
        return ["saved_model.pb is missing"]

    monkeypatch.setattr(manifest, "problems", problems)
    with pytest.raises(LookupError, match="Version 1 was just removed"):
        promote(base, 1)
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


@pytest.mark.parametrize(
    ("name", "after"),
    [("models.config", [1, 3]), ("stable_versions.json", [2, 3])],
    ids=["configuration", "history"],
)
def test_promotion_sets_aside_what_it_can_not_read(base, name, after):
    promote(base, 1)
    promote(base, 2)
    (base.parent / "stable_versions.json").write_text("[1]")
    (base.parent / name).write_text("garbage {")
    with pytest.raises(ValueError, match=rf"{name} is not .*verify --repair"):
        promotion.rollback(str(base), None, print)
    said = []
    promote(base, 3, say=said.append)
    assert state(base) == ([3], {"stable": 3})
    assert stable_history.written(str(base)) == after
    (aside,) = base.parent.glob(f"{name}.unreadable-*")
    assert aside.read_text() == "garbage {"
    assert said == [f"Unreadable, set aside: {aside}", "stable is version 3"]


def test_canary_sets_nothing_aside(base):
    promote(base, 1)
    (base.parent / "models.config").write_text("garbage {")
    with pytest.raises(ValueError, match="is not a configuration"):
        promote(base, 3, "canary")
    assert (base.parent / "models.config").read_text() == "garbage {"


def test_push_keeps_what_a_promotion_is_loading(base, push):
    promote(base, 3)

    class Server:
        def await_version(self, version):
            if version == 1 and 4 not in versions.versions(str(base)):
                with placing.locked(str(base), "push"):
                    placing.retire(str(base), 1)
                    push(base, 4)

        def await_label(self, label, version):
            pass

    promote(base, 1, server=Server())
    assert state(base) == ([1], {"stable": 1})
    assert versions.versions(str(base)) == [1, 3, 4]


def test_version_that_is_removed_while_it_is_loaded_changes_nothing(base):
    promote(base, 3)

    class Server:
        def await_version(self, version):
            shutil.rmtree(base / "1", ignore_errors=True)

    with pytest.raises(LookupError, match="No complete version 1"):
        promote(base, 1, server=Server())
    assert state(base) == ([3], {"stable": 3})
    assert promotion.rollback(str(base), None, print) == 2


def test_second_promotion_waits_and_says_for_whom(base, monkeypatch):
    monkeypatch.setattr(lock.hold.__wrapped__, "__defaults__", (0.1,))
    with (
        promotion.rollout(str(base), "promotion of version 2 to stable"),
        pytest.raises(TimeoutError, match=r"process \d+ on .*promotion of version 2 to stable"),
    ):
        promote(base, 3)
    promote(base, 3)


def test_what_a_killed_promotion_left_is_removed(base):
    left = base.parent / f"models.config.{'0' * 32}.tmp"
    left.write_text("half")
    promote(base, 1)
    assert not left.exists()


def test_canary_that_is_gone_is_not_written_again(base):
    promote(base, 2)
    promote(base, 3, "canary")
    shutil.rmtree(base / "3")
    promote(base, 1)
    assert state(base) == ([1], {"stable": 1})


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
    assert stable_history.written(str(lost))[-2:] == [1, 3]


def test_rollback_where_the_stable_version_is_gone(lost):
    assert promotion.rollback(str(lost), None, print) == 1
    assert state(lost) == ([1], {"stable": 1})


def test_canary_needs_a_stable_version(lost):
    with pytest.raises(LookupError, match=r"labelled stable is not under .* promote another"):
        promote(lost, 3, "canary")
    assert state(lost) == ([2], {"stable": 2})
