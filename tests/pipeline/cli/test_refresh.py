import shutil

import pytest

from components.bundle import manifest, towers
from pipeline import presets
from pipeline.cli import main, refresh
from pipeline.settings import changes


@pytest.fixture
def output(tmp_path):
    """An output folder in which a bundle of some towers is served."""
    version = served(tmp_path / "out")
    (version / towers.PATH).parent.mkdir(parents=True)
    (version / towers.PATH).write_text("towers")
    (version / "saved_model.pb").write_text("bundle")
    describe(version)
    return tmp_path / "out"


def describe(version):
    told = {"sha256": "0a1b", "run": "run 1"}
    evaluation = {"split": {}, "exclude_seen": True}
    files = manifest.checksums(str(version))
    manifest.write(str(version), manifest.Manifest(told, {}, {}, evaluation, {"k": 100}, files))


def served(output):
    return output / "serving" / "movielens" / "1"


def forget_towers(output):
    (served(output) / towers.PATH).unlink()
    describe(served(output))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda out: shutil.rmtree(out / "serving"), "Nothing is served"),
        (lambda out: (served(out) / manifest.PATH).unlink(), "manifest.json is missing"),
        (lambda out: (served(out) / towers.PATH).unlink(), "towers.zip is missing"),
        (lambda out: (served(out) / towers.PATH).write_text("x"), "towers.zip was changed"),
        (forget_towers, "before bundles held their towers"),
    ],
    ids=["nothing-served", "no-manifest", "no-towers", "other-towers", "made-without-towers"],
)
def test_what_can_not_be_refreshed_says_what_to_do(output, damage, message, capsys):
    damage(output)
    assert main.main(["refresh", "--output", str(output)]) == 1
    said = capsys.readouterr().err
    assert message in said
    assert "movielens run" in said


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            "model.epochs=3",
            "decided in training and no part of a refresh; it takes gates and serving",
        ),
        ("gates.unknown=3", "There is no setting 'gates.unknown'"),
    ],
)
def test_settings_that_do_not_fit(output, setting, message, capsys):
    assert main.main(["refresh", "--output", str(output), "--set", setting]) == main.USAGE
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"k": 100, "trend": {"days": 7, "weight": 2.0}}, (7, 2.0)),
        ({"k": 100}, (30, 0.0)),  # a bundle that is older than trends
    ],
)
def test_scores_follow_the_trend_as_they_did(settings, kept):
    settings = changes.apply(presets.find("ml-100k").settings, refresh.as_served(settings))
    assert (settings.serving.trend.days, settings.serving.trend.weight) == kept


def test_data_is_that_of_the_last_run_unless_named(output, capsys):
    assert main.main(["refresh", "--output", str(output)]) == 1
    assert "was pushed yet" in capsys.readouterr().err
