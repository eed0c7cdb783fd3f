import dataclasses
import json
import shutil

import pytest

from components.bundle import manifest, towers
from pipeline import presets
from pipeline.cli import main, refresh
from pipeline.runs.records import RunRecord
from pipeline.settings import changes
from support.generated_shop import DEFINITION, shop, write_shop
from transform import datasets

MOVIELENS = datasets.load(datasets.MOVIELENS)


@pytest.fixture
def output(tmp_path):
    """An output folder in which a bundle of some towers is served."""
    version = served(tmp_path / "out")
    (version / towers.PATH).parent.mkdir(parents=True)
    (version / towers.PATH).write_text("towers")
    (version / "saved_model.pb").write_text("bundle")
    describe(version)
    return tmp_path / "out"


def describe(version, definition=MOVIELENS):
    told = manifest.Manifest(
        towers={"sha256": "0a1b", "run": "run 1"},
        data={},
        counts={},
        evaluation={"split": {}, "exclude_seen": True},
        settings={"k": 100},
        files=manifest.checksums(str(version)),
        definition=json.loads(definition.to_json()),
    )
    manifest.write(str(version), told)


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
            "decided in training and no part of a refresh; it takes gates, serving, notify",
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
    told = manifest.Manifest({}, {}, {}, {}, settings, {})
    settings = changes.apply(presets.find("ml-100k").settings, refresh.as_served(told))
    assert (settings.serving.trend.days, settings.serving.trend.weight) == kept


def test_the_model_is_recorded_as_it_was_trained():
    start = presets.find("ml-100k").settings
    model = {"epochs": 7, "of_a_later_revision": 1}
    told = manifest.Manifest({}, {}, {}, {}, {}, {}, configuration={"model": model})
    assert changes.apply(start, refresh.as_served(told)).model.epochs == 7
    older = manifest.Manifest({}, {}, {}, {}, {}, {})
    assert changes.apply(start, refresh.as_served(older)) == start


def test_data_is_that_of_the_last_run_unless_named(output, capsys):
    assert main.main(["refresh", "--output", str(output)]) == 1
    assert "was pushed yet" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({}, None),
        ({"noun: product": "noun: shoe"}, None),
        ({"  title: product\n": ""}, None),
        ({"price: {kind: number, min: 0}": "price: {kind: number, min: 0, filter: true}"}, None),
        ({"name: shop": "name: shop\ntitle: The shop\nslices: {country: []}"}, None),
        (
            {"brand: {kind: category}": "brand: {kind: category, min_count: 5}"},
            "item.features.brand.min_count was 1 and is 5",
        ),
        ({"    image: {kind: vector, size: 3}\n": ""}, "item.features.image is gone"),
        ({"id: sku": "id: ean"}, "item.id was 'sku' and is 'ean'"),
        (
            {"values: [DE, FR, US]": "values: [DE, FR]"},
            "user.features.country.values was ['DE', 'FR', 'US'] and is ['DE', 'FR']",
        ),
        ({"unit: ms": "unit: us"}, "event.time.unit was 'ms' and is 'us'"),
        (
            {"stars: {kind: number, min: 1": "points: {kind: number, min: 1"},
            "event.features.points is new",
        ),
        (
            {"  features:\n    type": "  keep: {type: [purchase]}\n  features:\n    type"},
            "event.keep.type is new",
        ),
    ],
    ids=[
        *("same", "noun", "title", "filter", "name-and-slices"),
        *("vocabulary", "feature-gone", "id", "values", "unit", "feature-new", "keep"),
    ],
)
def test_what_towers_were_trained_by(changes, difference):
    trained, now = (json.loads(each.to_json()) for each in (shop(), shop(**changes)))
    found = refresh.training_difference(trained, now)
    assert found == difference


def test_towers_of_another_definition_are_refused(output, capsys):
    trained = dataclasses.replace(MOVIELENS, event=dataclasses.replace(MOVIELENS.event, weight="w"))
    describe(served(output), trained)
    assert main.main(["refresh", "--output", str(output)]) == 1
    said = capsys.readouterr().err
    assert "trained by another definition of the data: event.weight was 'w' and is ''" in said
    assert "`movielens run` trains towers by the new one" in said


def test_definition_is_that_of_the_last_run_unless_named_or_beside_the_data(tmp_path, capsys):
    output, data = tmp_path / "out", write_shop(tmp_path / "data")
    told = json.loads(shop().to_json())
    RunRecord("1", "catalogue", str(data), str(output), "log", told, pushed="somewhere").write(
        output / "records"
    )
    there = f"Nothing is served from {output}/serving/"
    for more, name in (
        ((), "shop"),
        (("--data", str(data)), "shop"),
        (("--definition", str(tmp_path / "other.yaml")), "other"),
    ):
        (tmp_path / "other.yaml").write_text(DEFINITION.replace("name: shop", "name: other"))
        assert main.main(["refresh", "--output", str(output), *more]) == 1
        assert f"{there}{name} yet" in capsys.readouterr().err
