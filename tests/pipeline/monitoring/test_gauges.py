"""The file that Prometheus' node exporter collects."""

import dataclasses
import os

import pytest
from prometheus_client import parser

from components.bundle import manifest
from components.registry import models_config
from pipeline.monitoring import gauges

PUSHED = "movielens_served_version_pushed_timestamp_seconds"
WAITING = "movielens_versions_waiting_for_promotion"
NOON = 1_800_000_000


@pytest.fixture
def base(tmp_path):
    return tmp_path / "serving" / "shop"


@pytest.fixture
def push(base):
    """A function that pushes a version at some second after noon."""

    def push(version, second):
        folder = base / str(version)
        folder.mkdir(parents=True)
        (folder / "saved_model.pb").touch()
        told = manifest.Manifest({}, {}, {}, {}, {}, {})
        at = f"2027-01-15T08:00:{second:02}+00:00"
        manifest.write(str(folder), dataclasses.replace(told, push={"at": at}))

    return push


def label(base, second, **labels):
    models_config.write(str(base), set(labels.values()), labels)
    os.utime(models_config.path_of(str(base)), (NOON + second, NOON + second))


def test_nothing_was_pushed(base):
    assert gauges.of_versions(str(base)) == {WAITING: 0}


def test_first_pushes_wait_for_nobody(base, push):
    push(1, 10)
    push(2, 20)
    assert gauges.of_versions(str(base)) == {PUSHED: NOON + 20, WAITING: 0}


def test_what_is_pushed_after_labels_were_moved_waits(base, push):
    push(1, 10)
    label(base, 15, stable=1)
    assert gauges.of_versions(str(base)) == {PUSHED: NOON + 10, WAITING: 0}
    push(2, 20)
    push(3, 30)
    assert gauges.of_versions(str(base)) == {PUSHED: NOON + 10, WAITING: 2}
    label(base, 35, stable=3)
    assert gauges.of_versions(str(base)) == {PUSHED: NOON + 30, WAITING: 0}


def test_what_was_rolled_back_does_not_wait(base, push):
    push(1, 10)
    push(2, 20)
    label(base, 25, stable=1)
    assert gauges.of_versions(str(base))[WAITING] == 0


def test_prometheus_can_read_the_file_and_it_is_replaced_whole(base, push):
    push(1, 10)
    path = gauges.path_of(str(base))
    assert path.name == "shop.prom"
    of_run = gauges.of_run(NOON, blessed=False, failed=True, hit_at_10=0.2216330859)
    gauges.write(path, str(base), of_run)
    families = list(parser.text_string_to_metric_families(path.read_text()))
    found = {}
    for family in families:
        (sample,) = family.samples
        assert (family.type, sample.labels) == ("gauge", {"model": "shop"})
        found[family.name] = sample.value
    assert found == gauges.read(path) == {**of_run, PUSHED: NOON + 10, WAITING: 0}
    assert set(found) == set(gauges.HELP)
    assert sorted(file.name for file in path.parent.iterdir()) == ["shop", "shop.prom"]


def test_moved_labels_change_the_gauges_of_versions_only(base, push):
    gauges.follow_labels(str(base))
    assert not base.parent.exists()  # no run has written the file yet
    push(1, 10)
    label(base, 15, stable=1)
    push(2, 20)
    path = gauges.path_of(str(base))
    of_run = gauges.of_run(NOON, blessed=True, failed=False)
    gauges.write(path, str(base), of_run)
    assert gauges.read(path) == {**of_run, PUSHED: NOON + 10, WAITING: 1}
    label(base, 25, stable=2)
    gauges.follow_labels(str(base))
    assert gauges.read(path) == {**of_run, PUSHED: NOON + 20, WAITING: 0}


def test_a_file_that_can_not_be_replaced_stays(base, monkeypatch):
    path = gauges.path_of(str(base), str(base / "elsewhere.prom"))
    gauges.write(path, str(base), gauges.of_run(NOON, True, False))

    def replace(*_):
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(OSError, match="no space left"):
        gauges.write(path, str(base), gauges.of_run(NOON, False, True))
    assert gauges.read(path)["movielens_last_run_blessed"] == 1


def test_a_run_that_was_not_evaluated_leaves_the_metric_of_the_last_that_was(base):
    path = gauges.path_of(str(base))
    gauges.write(path, str(base), gauges.of_run(NOON, True, False, 0.25))
    gauges.write(path, str(base), gauges.of_run(NOON + 60, False, True))
    found = gauges.read(path)
    assert found["movielens_last_run_hit_at_10"] == 0.25
    assert found["movielens_last_run_timestamp_seconds"] == NOON + 60
