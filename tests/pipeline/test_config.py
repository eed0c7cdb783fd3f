import pytest

from pipeline import presets
from pipeline.code_version import code_version
from pipeline.config import Gates, PipelineConfig, Serving
from support import ROOT


@pytest.mark.parametrize(
    ("field", "value"),
    [("min_lift", 2.0), ("max_drop", -0.1), ("min_hit_at_10", 1.5), ("min_recall", 95)],
)
def test_impossible_gate_is_named(field, value):
    with pytest.raises(ValueError, match=f"{field}.*{value}"):
        Gates(**{field: value})


@pytest.mark.parametrize("field", ["keep_versions", "inverted_from", "probes"])
def test_impossible_serving_is_named(field):
    with pytest.raises(ValueError, match=f"{field} must be at least 1, got 0"):
        Serving(**{field: 0})


def test_movielens_stays_exact():
    largest = 87_585  # movies of the latest full release
    assert all(preset.serving.inverted_from > largest for preset in presets.PRESETS.values())


@pytest.mark.parametrize(("field", "value"), [("name", ""), ("k", 10), ("span", "seven")])
def test_impossible_run_is_named(field, value):
    paths = {"data": "d", "pipeline_root": "r", "serving_base": "s"}
    with pytest.raises(ValueError, match=field):
        PipelineConfig(**{"name": "n", **paths, field: value})


def test_settings_replace_fields_by_their_type():
    preset = presets.with_settings(
        presets.find("ml-100k"),
        ["model.epochs=3", "model.profile=false", "gates.min_lift=0.01", "split.method=random"],
    )
    assert (preset.model.epochs, preset.model.profile) == (3, False)
    assert preset.gates.min_lift == 0.01
    assert preset.split.method == "random"


def test_settings_that_need_each_other_are_checked_together():
    cuts = ["split.method=temporal", "split.eval_cut=880000000", "split.test_cut=890000000"]
    preset = presets.with_settings(
        presets.find("ml-100k"), [*cuts, "model.embedding_dim=33", "model.heads=3"]
    )
    assert (preset.split.eval_cut, preset.split.test_cut) == (880_000_000, 890_000_000)
    assert isinstance(preset.split.eval_cut, int)
    assert (preset.model.embedding_dim, preset.model.heads) == (33, 3)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("epochs=3", "SECTION.NAME=VALUE"),
        ("model.epochs", "SECTION.NAME=VALUE"),
        ("beam.workers=3", "SECTION.NAME=VALUE"),
        ("model.epoch=3", "Unknown option 'model.epoch'; model has: .*epochs"),
        ("model.epochs=many", "model.epochs must be of type int, got 'many'"),
        ("model.profile=1", "true or false, got '1'"),
        ("model.epochs=0", "epochs must be at least 1, got 0"),
    ],
)
def test_bad_setting_says_what_is_right(setting, message):
    with pytest.raises(ValueError, match=message):
        presets.with_settings(presets.find("ml-100k"), [setting])


def test_unknown_preset_lists_those_there_are():
    with pytest.raises(ValueError, match=r"Unknown preset 'ml-2k'; there are: ml-100k"):
        presets.find("ml-2k")


def test_code_version_changes_with_its_code_and_with_nothing_else(tmp_path):
    for package in ("components", "trainer"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "run.py").write_text("a = 1\n")
    source = tmp_path / "trainer" / "run.py"
    before = code_version("trainer", root=tmp_path)
    (tmp_path / "trainer" / "run.pyc").write_bytes(b"compiled")
    (tmp_path / "components" / "run.py").write_text("a = 2\n")
    assert code_version("trainer", root=tmp_path) == before
    source.write_text("a = 2\n")
    assert code_version("trainer", root=tmp_path) != before
    source.write_text("a = 1\n")
    assert code_version("trainer", root=tmp_path) == before
    source.rename(source.with_name("walk.py"))
    assert code_version("trainer", root=tmp_path) != before


def test_code_version_changes_with_a_library(monkeypatch):
    before = code_version("transform")
    monkeypatch.setattr("importlib.metadata.version", lambda library: "0.0")
    assert code_version("transform") != before


def test_code_version_of_a_package_that_is_not_there():
    with pytest.raises(ValueError, match=r"no source under .*/recommender"):
        code_version("recommender")


def test_code_version_covers_this_checkout():
    root = ROOT
    assert code_version("trainer") == code_version("trainer", root=root)
