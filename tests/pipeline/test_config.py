"""The configuration: what is refused where it is made, and that it survives JSON and pickling."""

import dataclasses
import json
import pickle
import subprocess
import sys

import pytest

from components.bundle.popularity import Trend
from components.ingestion import splits
from pipeline.config import Gates, PipelineConfig, Serving, Settings, Tuning
from support import ROOT
from trainer.config import ModelConfig

PATHS = {"name": "n", "data": "d", "pipeline_root": "r", "serving_base": "s"}


@pytest.mark.parametrize(
    ("field", "value"),
    [("min_lift", 2.0), ("max_drop", -0.1), ("min_hit_at_10", 1.5), ("min_recall", 95)],
)
def test_impossible_gate_is_named(field, value):
    with pytest.raises(ValueError, match=f"(?s){field}.*{value}"):
        Gates(**{field: value})


@pytest.mark.parametrize("field", ["keep_versions", "inverted_from", "probes"])
def test_impossible_serving_is_named(field):
    with pytest.raises(ValueError, match=f"(?s){field}.*greater than 0.*input_value=0"):
        Serving(**{field: 0})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("k", 10),
        ("span", "seven"),
        ("data", "/data/{span}"),
        ("pipeline_root", "/runs [2024]/artifacts"),
        ("withdrawn", ("",)),
    ],
)
def test_impossible_run_is_named(field, value):
    messages = {"data": "{span} means nothing", "pipeline_root": r"has '\[' in it.*--output"}
    with pytest.raises(ValueError, match=messages.get(field, field)):
        PipelineConfig(**{**PATHS, field: value})


def test_impossible_tuning_is_named():
    with pytest.raises(ValueError, match=r"(?s)trials.*greater than 0"):
        Tuning("folder", trials=0)


@pytest.mark.parametrize(
    "value",
    [
        Trend(7, 2.0),
        splits.SplitConfig("temporal", eval_cut=8, test_cut=9),
        ModelConfig(epochs=3),
        Gates(min_lift=-1.0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_part_survives_json_and_pickling_and_can_be_replaced(value):
    kind = type(value)
    told = dataclasses.asdict(value)
    assert kind(**json.loads(json.dumps(told))) == value
    assert pickle.loads(pickle.dumps(value)) == value
    assert dataclasses.replace(value) == value
    assert hash(value) == hash(dataclasses.replace(value))
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, next(iter(told)), None)
    with pytest.raises(ValueError, match="Unexpected keyword argument"):
        kind(**told, surplus=1)


def test_the_whole_survives_pickling():
    config = PipelineConfig(**PATHS, settings=Settings(model=ModelConfig(epochs=3)))
    assert pickle.loads(pickle.dumps(config)) == config


def test_every_method_of_splitting_can_be_configured():
    assert all(splits.SplitConfig(method).method == method for method in splits.METHODS)


@pytest.mark.parametrize("module", ["trainer.config", "pipeline.config", "pipeline.presets"])
def test_configuration_needs_no_tensorflow(module):
    program = (
        f"import sys, {module}\n"
        "heavy = {'tensorflow', 'tfx', 'apache_beam', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, capture_output=True)


def test_requests_come_after_the_history():
    model = ModelConfig(request_time=True)
    Settings(model=model)
    with pytest.raises(ValueError, match=r"request_time must be false.*split\.method is 'random'"):
        Settings(model=model, split=splits.SplitConfig("random"))
