import pytest
from tensorflow_model_analysis.proto import config_pb2
from tfx import types
from tfx.components.evaluator import component, executor
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.evaluation import reasons
from components.evaluation.evaluator import CODE_VERSION, BundleEvaluator, Executor, has_model

FAILED = ["hit@10 (all users) is 0.2500", "index recall@100 (all users) is 0.5000"]


@pytest.fixture
def handed(monkeypatch):
    """What TFX's own executor was given."""
    seen = []
    monkeypatch.setattr(reasons, "read", lambda evaluation: [])
    monkeypatch.setattr(
        executor.Executor, "Do", lambda self, inputs, outputs, properties: seen.append(inputs)
    )
    return seen


def outputs():
    return {
        "evaluation": [standard_artifacts.ModelEvaluation()],
        "blessing": [standard_artifacts.ModelBlessing()],
    }


@pytest.mark.parametrize("there", [True, False], ids=["baseline", "empty-baseline"])
def test_an_empty_baseline_is_none(handed, tmp_path, there):
    model = standard_artifacts.Model()
    model.uri = str(tmp_path / "baseline")
    if there:
        (tmp_path / "baseline" / "Format-Serving").mkdir(parents=True)
        assert path_utils.serving_model_dir(model.uri).endswith("Format-Serving")
    assert has_model(model) == there
    Executor().Do({"model": [], "baseline_model": [model]}, outputs(), {})
    assert handed == [{"model": [], **({"baseline_model": [model]} if there else {})}]


def test_no_baseline_input_at_all(handed):
    Executor().Do({"model": []}, outputs(), {})
    assert handed == [{"model": []}]


@pytest.mark.parametrize("found", [FAILED, []], ids=["not-blessed", "blessed"])
def test_why_it_is_not_blessed_is_on_the_blessing_and_in_the_last_line(
    handed, monkeypatch, caplog, found
):
    monkeypatch.setattr(reasons, "read", lambda evaluation: found)
    made = outputs()
    Executor().Do({"model": []}, made, {})
    assert reasons.of_blessing(made["blessing"][0]) == found
    logged = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert logged == (["NOT BLESSED: " + "; ".join(FAILED)] if found else [])


def evaluator(code_version):
    channels = {
        "examples": types.Channel(type=standard_artifacts.Examples),
        "model": types.Channel(type=standard_artifacts.Model),
        "baseline_model": types.Channel(type=standard_artifacts.Model),
    }
    return BundleEvaluator(
        **channels,
        example_splits=["test"],
        eval_config=config_pb2.EvalConfig(),
        code_version=code_version,
    )


def test_the_version_of_the_code_is_a_parameter_and_so_part_of_the_cache_key():
    first, second = (evaluator(version).exec_properties for version in "12")
    assert {name for name in first if first[name] != second[name]} == {CODE_VERSION}


def test_the_rest_is_what_the_evaluator_of_tfx_takes():
    stock = component.Evaluator(
        examples=types.Channel(type=standard_artifacts.Examples),
        model=types.Channel(type=standard_artifacts.Model),
        baseline_model=types.Channel(type=standard_artifacts.Model),
        example_splits=["test"],
        eval_config=config_pb2.EvalConfig(),
    )
    ours = evaluator("1")
    assert set(ours.inputs) == set(stock.inputs)
    assert set(ours.outputs) == set(stock.outputs)
    unset = (None, "null")
    assert ours.exec_properties == {
        CODE_VERSION: "1",
        **{name: value for name, value in stock.exec_properties.items() if value not in unset},
    }
