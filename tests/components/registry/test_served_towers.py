"""The towers of a bundle: packed into it, and taken out of what is served."""

import dataclasses
import os
import pathlib
import shutil

import pytest
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.bundle import manifest
from components.bundle import towers as kept_towers
from components.registry import models_config
from components.registry.served_towers import ServedTowers
from transform import features


def push(tmp_path, version, weights="1 2 3", with_towers=True):
    """Pushes a bundle whose towers then lie nowhere else; returns their fingerprint."""
    trained, bundle = tmp_path / "trained", tmp_path / "serving" / version
    for folder in (trained / "variables", trained / "assets", bundle):
        folder.mkdir(parents=True)
    (trained / "saved_model.pb").write_text("graph")
    (trained / "variables" / "variables.index").write_text(weights)
    (trained / "assets" / "item_id").write_text("50")
    (bundle / "saved_model.pb").write_text("bundle")
    if with_towers:
        kept_towers.pack(str(trained), str(bundle))
    told = {"sha256": fingerprint(trained), "run": f"run of {weights}"}
    files = manifest.checksums(str(bundle))
    manifest.write(str(bundle), manifest.Manifest(told, {}, {}, {}, {}, files))
    shutil.rmtree(trained)
    return told["sha256"]


def fingerprint(folder):
    return manifest.fingerprint(manifest.checksums(str(folder)))


def take(tmp_path, sha256):
    model = standard_artifacts.Model()
    model.uri = str(tmp_path / "model")
    ServedTowers.test_call(model=model, serving_base=str(tmp_path / "serving"), sha256=sha256)
    return model


def test_towers_are_taken_out_as_they_were_trained(tmp_path):
    sha256 = push(tmp_path, "1")
    model = take(tmp_path, sha256)
    taken = pathlib.Path(path_utils.serving_model_dir(model.uri))
    assert fingerprint(taken) == sha256
    assert (taken / "variables" / "variables.index").read_text() == "1 2 3"
    assert model.get_string_custom_property(features.TRAINING_RUN) == "run of 1 2 3"


def test_the_same_towers_are_the_same_bytes_whenever_they_were_written(tmp_path):
    packed = []
    for year in (1, 30):
        towers, bundle = tmp_path / f"towers {year}", tmp_path / f"bundle {year}"
        towers.mkdir()
        (towers / "saved_model.pb").write_text("graph")
        os.utime(towers / "saved_model.pb", (0, year * 31_536_000))
        kept_towers.pack(str(towers), str(bundle))
        packed.append((bundle / kept_towers.PATH).read_bytes())
    assert packed[0] == packed[1]


def test_they_are_those_of_the_version_that_is_served_and_not_of_the_newest(tmp_path):
    older = push(tmp_path, "1", "older")
    push(tmp_path, "2", "newer")
    models_config.write(str(tmp_path / "serving"), {1}, {"stable": 1})
    assert take(tmp_path, older).get_string_custom_property(features.TRAINING_RUN) == "run of older"


def test_what_was_pushed_meanwhile_is_not_taken_for_what_is_wanted(tmp_path):
    wanted = push(tmp_path, "1", "older")
    other = push(tmp_path, "2", "newer")
    with pytest.raises(ValueError, match=f"serving/2 have .* {other}, not {wanted}: .* again"):
        take(tmp_path, wanted)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("damage", "error", "message"),
    [
        (lambda version: shutil.rmtree(version.parent), LookupError, "Nothing is served"),
        (
            lambda version: (version / manifest.PATH).unlink(),
            ValueError,
            "Version 1 in .* is damaged: assets.extra/manifest.json is missing",
        ),
        (
            lambda version: (version / kept_towers.PATH).unlink(),
            ValueError,
            "Version 1 in .* is damaged: assets.extra/towers.zip is missing",
        ),
        (
            lambda version: (version / kept_towers.PATH).write_text("no archive"),
            ValueError,
            "Version 1 in .* is damaged: assets.extra/towers.zip was changed",
        ),
    ],
    ids=["nothing-served", "no-manifest", "no-towers", "other-towers"],
)
def test_what_is_not_whole_is_not_taken(tmp_path, damage, error, message):
    sha256 = push(tmp_path, "1")
    damage(tmp_path / "serving" / "1")
    with pytest.raises(error, match=f"{message}.*`movielens run`"):
        take(tmp_path, sha256)
    assert not (tmp_path / "model").exists()


def test_towers_of_another_format_are_not_taken(tmp_path):
    sha256 = push(tmp_path, "1")
    version = str(tmp_path / "serving" / "1")
    manifest.write(version, dataclasses.replace(manifest.read(version), format=1))
    with pytest.raises(ValueError, match=r"format 1, not 2\. `movielens run` makes one that fits"):
        take(tmp_path, sha256)


def test_a_bundle_that_was_made_without_its_towers(tmp_path):
    sha256 = push(tmp_path, "1", with_towers=False)
    with pytest.raises(ValueError, match="before bundles held their towers; `movielens run`"):
        take(tmp_path, sha256)
