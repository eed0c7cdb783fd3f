import pathlib

from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.baseline import Baseline
from components.bundle_evaluator import has_model


def baseline(tmp_path, base):
    model = standard_artifacts.Model()
    model.uri = str(tmp_path / "model")
    Baseline.test_call(serving_base=str(base), model=model)
    return model


def test_first_run_has_none(tmp_path):
    assert not has_model(baseline(tmp_path, tmp_path / "serving"))


def test_newest_pushed_version_is_copied(tmp_path):
    for version in ("9", "10"):
        folder = tmp_path / "serving" / version
        folder.mkdir(parents=True)
        (folder / "saved_model.pb").write_text(version)
    model = baseline(tmp_path, tmp_path / "serving")
    copied = pathlib.Path(path_utils.serving_model_dir(model.uri)) / "saved_model.pb"
    assert has_model(model)
    assert copied.read_text() == "10"
    assert model.get_string_custom_property("served_version") == "10"
