import pytest
from tfx.components.evaluator import executor
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.evaluation.evaluator import Executor, has_model


@pytest.fixture
def handed(monkeypatch):
    """What TFX's own executor was given."""
    seen = []
    monkeypatch.setattr(
        executor.Executor, "Do", lambda self, inputs, outputs, properties: seen.append(inputs)
    )
    return seen


@pytest.mark.parametrize("there", [True, False], ids=["baseline", "empty-baseline"])
def test_an_empty_baseline_is_none(handed, tmp_path, there):
    model = standard_artifacts.Model()
    model.uri = str(tmp_path / "baseline")
    if there:
        (tmp_path / "baseline" / "Format-Serving").mkdir(parents=True)
        assert path_utils.serving_model_dir(model.uri).endswith("Format-Serving")
    assert has_model(model) == there
    Executor().Do({"model": [], "baseline_model": [model]}, {}, {})
    assert handed == [{"model": [], **({"baseline_model": [model]} if there else {})}]


def test_no_baseline_input_at_all(handed):
    Executor().Do({"model": []}, {}, {})
    assert handed == [{"model": []}]
