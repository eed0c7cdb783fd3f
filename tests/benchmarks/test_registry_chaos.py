import logging
import random
import shutil

import pytest

from benchmarks import registry_chaos
from components.registry import models_config


@pytest.mark.parametrize(
    ("kind", "cases"), [("race", 2), ("kill", 12), ("full disk", 4), ("clock", 4)]
)
def test_nothing_breaks(kind, cases, tmp_path):
    assert registry_chaos.run(kind, cases, 7, tmp_path) == []


@pytest.fixture
def base(tmp_path):
    base = tmp_path / "serving" / "shop"
    for number in (1, 2):
        registry_chaos.push(str(base), random.Random(number), number)
    models_config.write(str(base), {1}, {"stable": 1})
    return base


def test_whole_versions_have_no_fault(base):
    assert registry_chaos.faults(str(base)) == []
    assert registry_chaos.left(str(base)) == []


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda base: (base / "2" / "saved_model.pb").write_text("rotten"), "was changed"),
        (lambda base: shutil.rmtree(base / "1"), "models.config names [1]"),
    ],
    ids=["files", "label"],
)
def test_a_fault_is_found(base, damage, fault):
    damage(base)
    (found,) = registry_chaos.faults(str(base))
    assert fault in found


def test_what_is_left_is_found(base):
    (base / ".removed-ab").mkdir()
    (base.parent / "models.config.ab.tmp").write_text("")
    assert registry_chaos.left(str(base)) == [".removed-ab", "models.config.ab.tmp"]


def test_a_failing_case_is_counted_and_the_status_is_1(monkeypatch, capsys):
    monkeypatch.setattr(registry_chaos, "CASES", {"clock": 1})
    monkeypatch.setitem(registry_chaos.CASE, "clock", lambda base, rng: ["backwards"])
    assert registry_chaos.main([]) == 1
    assert "clock: 1 cases, 1 failures" in capsys.readouterr().out
    monkeypatch.setitem(registry_chaos.CASE, "clock", lambda base, rng: [])
    assert registry_chaos.main([]) == 0
    assert logging.getLogger("any").isEnabledFor(logging.WARNING)  # nothing stays silenced


def test_a_process_that_fails_is_told():
    def fail():
        raise ValueError("no")

    assert registry_chaos._in_processes([lambda: None, fail]) == ["ValueError: no"]
