import json
import shutil

import pytest

from components.bundle import manifest
from components.registry import models_config, versions
from pipeline.rollout import damage, promotion, stable_history


def state(base):
    return models_config.loaded(str(base)), models_config.labels(str(base))


def stable(base, *numbers):
    for number in numbers:
        promotion.promote(str(base), number, "stable", None, print)


def problems(base, **options):
    return [each.problem for each in damage.find(str(base), **options)]


def repair(base):
    """Repairs, and returns what was said; what it says is what was told before."""
    told = [each.remedy for each in damage.find(str(base))]
    said = []
    damage.repair(str(base), said.append)
    assert said == told
    return said


def test_nothing_is_damaged(base):
    assert problems(base) == []
    stable(base, 1, 2)
    assert problems(base) == []
    assert repair(base) == []


def test_lost_stable_version_gives_way_to_the_one_before(base):
    stable(base, 1, 2)
    shutil.rmtree(base / "2")
    (problem,) = problems(base, whole=False)
    assert "models.config names version 2 as stable: gone or damaged" in problem
    assert repair(base)[0].endswith("Version 1 is stable.")
    assert state(base) == ([1], {"stable": 1})
    assert problems(base) == []


def test_lost_stable_version_without_history_gives_way_to_the_newest(base):
    models_config.write(str(base), {9}, {"stable": 9})
    repair(base)
    assert state(base) == ([3], {"stable": 3})


def test_no_version_is_left(base):
    stable(base, 2)
    for version in (1, 2, 3):
        shutil.rmtree(base / str(version))
    assert repair(base)[0].endswith("The newest version is served.")
    assert state(base) == ([], {})


def test_lost_canary_and_versions_to_load_are_dropped(base):
    models_config.write(str(base), {1, 2, 8, 9}, {"stable": 1, "canary": 9})
    (problem,) = problems(base)
    assert "names version 9 as canary, version 8 to be loaded: gone" in problem
    repair(base)
    assert state(base) == ([1, 2], {"stable": 1})


def test_damaged_version_is_set_aside_and_never_removed(base):
    stable(base, 1, 3)
    (base / "3" / "saved_model.pb").write_text("rotten")
    (base / "7").mkdir()
    assert len(problems(base, whole=False)) == 1  # only the folder without a model
    assert len(problems(base)) == 3
    repair(base)
    assert state(base) == ([1], {"stable": 1})
    assert versions.versions(str(base)) == [1, 2]
    assert (base / ".damaged-3" / "saved_model.pb").read_text() == "rotten"
    assert (base / ".damaged-7").is_dir()
    assert problems(base) == []


@pytest.mark.parametrize(
    ("history", "served"), [("[1, 2]", {"stable": 2}), (None, {}), ("garbage {", {})]
)
def test_unreadable_configuration_is_set_aside(base, history, served):
    config = base.parent / "models.config"
    config.write_text("garbage {")
    if history:
        (base.parent / stable_history.NAME).write_text(history)
    repair(base)
    assert models_config.labels(str(base)) == served
    (aside,) = base.parent.glob("models.config.unreadable-*")
    assert aside.read_text() == "garbage {"
    assert problems(base) == []


def test_version_of_a_later_revision_stays_as_it_is(base):
    stable(base, 3)
    path = base / "3" / manifest.PATH
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    (left,) = damage.repair(str(base), print)
    assert "has format 99" in left.problem and left.remedy == "Only an upgrade helps."
    assert state(base) == ([3], {"stable": 3})


def test_what_a_killed_process_left_is_told(base):
    (base / ".removed-ab").mkdir()
    (problem,) = problems(base)
    assert ".removed-ab is left of a process that was killed" in problem
    damage.repair(str(base), print)
    assert problems(base) == []
