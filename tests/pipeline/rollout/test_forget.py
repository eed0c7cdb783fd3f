"""Versions before and after users were forgotten, and what a server is told meanwhile."""

import json
import os
import pathlib
import re
import shutil

import pytest

from components.bundle import manifest
from components.erasure import bundle as erasure
from components.registry import models_config, placing, signature, versions
from pipeline.rollout import promotion, stable_history
from pipeline.rollout.forget import forget
from support import remembering_towers, signing_keys

PERSON = "zz-person-4711"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return remembering_towers.save_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def base(bundle, tmp_path):
    """Versions 10 and 20 hold the person."""
    base = tmp_path / "serving" / "movielens"
    for version in (10, 20):
        shutil.copytree(bundle, base / str(version))
    return base


def said_by(base, *users, server=None):
    lines = []
    done = forget(str(base), users, server, lines.append)
    return done, lines


def holders(base, text=PERSON):
    return [
        str(path)
        for path in base.rglob("*")
        if path.is_file() and text.encode() in path.read_bytes()
    ]


def test_signed_versions_are_signed_again_or_it_is_said(base, tmp_path):
    files = signing_keys.write(tmp_path)
    private, public = signature.read_private(files[0]), signature.read_public(files[1])
    signature.sign(str(base / "10"), private)
    signature.sign(str(base / "20"), private)
    shutil.copytree(base, tmp_path / "other" / "movielens")
    _, lines = said_by(base, PERSON)
    assert "version 21 is not signed: `movielens serving sign 21 --key FILE`" in lines
    assert not signature.is_signed(str(base / "21"))
    forget(str(tmp_path / "other" / "movielens"), [PERSON], None, print, key=private)
    assert signature.problems(str(tmp_path / "other" / "movielens" / "21"), public) == []


def test_every_version_is_replaced_in_order(base):
    assert holders(base)
    done, lines = said_by(base, PERSON, "nobody")
    assert done.found == {PERSON: [10, 20], "nobody": []}
    assert done.replaced == {10: 11, 20: 21} and lines == [
        "version 10 becomes 11",
        "version 20 becomes 21",
    ]
    assert versions.versions(str(base)) == [11, 21] and versions.served(str(base)) == 21
    assert holders(base) == []
    assert not any(manifest.problems(str(base / version)) for version in ("11", "21"))
    assert manifest.read(str(base / "21")).push["rewritten"]["replaces"] == 20


def test_a_second_time_nothing_is_left(base):
    said_by(base, PERSON)
    before = sorted(base.rglob("*"))
    done, lines = said_by(base, PERSON)
    assert (done.found, done.replaced, done.removed, lines) == ({PERSON: []}, {}, [], [])
    assert sorted(base.rglob("*")) == before


def test_several_users_cost_one_rewrite(base, monkeypatch):
    erased = []
    real = erasure.erase
    monkeypatch.setattr(erasure, "erase", lambda *args: erased.append(args[0]) or real(*args))
    said_by(base, PERSON, "2", "zz-person-4712")
    assert len(erased) == 2
    assert holders(base) == holders(base, "zz-person-4712") == []


def test_a_version_that_holds_nobody_of_them_stays(base):
    erasure.erase(str(base / "10"), str(base / "15"), [PERSON.encode()])
    said_by(base, PERSON)
    assert versions.versions(str(base)) == [11, 15, 21]


def test_an_unserved_version_without_a_free_number_is_removed(base):
    shutil.copytree(base / "10", base / "11")
    done, _ = said_by(base, PERSON)
    assert versions.versions(str(base)) == [12, 21] and done.removed == [10]


@pytest.mark.parametrize("served", [False, True])
def test_a_damaged_version_is_removed_unless_it_is_served(base, served):
    damaged = base / ("20" if served else "10")
    (damaged / "saved_model.pb").write_bytes(b"damaged")
    if served:
        with pytest.raises(ValueError, match=r"Version 20 under .* is served, and is damaged"):
            said_by(base, PERSON)
        assert versions.versions(str(base)) == [10, 20]
    else:
        done, (line, _) = said_by(base, PERSON)
        assert done.removed == [10] and line.startswith("version 10 can't be read")
        assert versions.versions(str(base)) == [21]


def test_a_version_that_only_later_code_reads_is_not_removed(base):
    path = base / "10" / manifest.PATH
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": manifest.FORMAT + 1}))
    with pytest.raises(manifest.Newer, match=re.escape(str(path))):
        said_by(base, PERSON)
    assert versions.versions(str(base)) == [10, 20]


def test_labels_and_history_move_and_a_running_server_follows(base, follow):
    promotion.promote(str(base), 10, "stable", None, print)
    promotion.promote(str(base), 20, "canary", None, print)
    follower, server = follow()
    follower.available = {10, 20}
    said_by(base, PERSON, server=server)
    assert models_config.labels(str(base)) == {"stable": 11, "canary": 21}
    assert models_config.loaded(str(base)) == [11, 21]
    assert 11 in stable_history.written(str(base)) and 10 not in stable_history.written(str(base))
    assert follower.seen[0] == ([10, 11, 20, 21], {"stable": 10, "canary": 20})
    assert versions.versions(str(base)) == [11, 21]


def test_a_server_that_does_not_follow_keeps_the_old_versions(base, follow):
    promotion.promote(str(base), 20, "stable", None, print)
    _, server = follow(cannot_load=(21,))
    with pytest.raises(ValueError, match="could not load version 21"):
        said_by(base, PERSON, server=server)
    assert models_config.labels(str(base)) == {"stable": 20}
    done, lines = said_by(base, PERSON)
    assert lines[-1:] != ["version 20 becomes 22"] and done.replaced == {10: 11, 20: 21}
    assert models_config.labels(str(base)) == {"stable": 21} and holders(base) == []


class Killed(BaseException):
    """What no code catches."""


STEPS = {
    "first placed": (placing, "place_after", 1),
    "second placed": (placing, "place_after", 2),
    "before labels": (promotion, "move_to_successors", 0),
    "after labels": (promotion, "move_to_successors", 1),
    "first removed": (placing, "remove", 3),
}


@pytest.mark.parametrize("step", STEPS)
def test_interrupted_anywhere_it_is_finished_by_the_next(base, monkeypatch, step):
    promotion.promote(str(base), 20, "stable", None, print)
    module, name, calls = STEPS[step]
    real, seen = getattr(module, name), []

    def killed_after(*arguments):
        if len(seen) == calls:
            raise Killed
        seen.append(real(*arguments))
        if len(seen) == calls:
            raise Killed
        return seen[-1]

    monkeypatch.setattr(module, name, killed_after)
    with pytest.raises(Killed):
        said_by(base, PERSON)
    monkeypatch.setattr(module, name, real)
    stable = models_config.labels(str(base))["stable"]
    assert not any(
        manifest.problems(os.path.join(base, str(version)))
        for version in [stable, *versions.versions(str(base))]
    )
    said_by(base, PERSON)
    assert versions.versions(str(base)) == [11, 21] and holders(base) == []
    assert models_config.labels(str(base)) == {"stable": 21}
    assert sorted(pathlib.Path(base).glob(".[!l]*")) == []
