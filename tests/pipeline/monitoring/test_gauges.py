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


def test_prometheus_can_read_the_file_and_it_is_replaced_whole(base):
    path = gauges.path_of(str(base))
    assert path.name == "shop.prom"
    values = {**gauges.of_run(NOON, blessed=False, failed=True), WAITING: 2}
    gauges.write(path, "shop", values)
    families = list(parser.text_string_to_metric_families(path.read_text()))
    assert {family.name for family in families} == set(values)
    for family in families:
        (sample,) = family.samples
        assert (family.type, sample.labels) == ("gauge", {"model": "shop"})
        assert sample.value == values[family.name]
    assert gauges.read(path) == values
    assert [file.name for file in path.parent.iterdir()] == ["shop.prom"]


def test_gauges_of_versions_leave_those_of_the_run(base):
    path = gauges.path_of(str(base), str(base / "elsewhere.prom"))
    of_run = gauges.of_run(NOON, blessed=True, failed=False)
    gauges.write(path, "shop", {**of_run, PUSHED: NOON, WAITING: 2})
    gauges.write(path, "shop", {WAITING: 0})
    assert gauges.read(path) == {**of_run, WAITING: 0}


def test_a_file_that_can_not_be_written_stays(base, monkeypatch):
    path = gauges.path_of(str(base))
    gauges.write(path, "shop", {WAITING: 1})

    def replace(*_):
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(OSError, match="no space left"):
        gauges.write(path, "shop", {WAITING: 2})
    assert gauges.read(path) == {WAITING: 1}
