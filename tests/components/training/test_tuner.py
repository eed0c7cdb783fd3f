"""The executor with a tuner that trains nothing: what `tuner_fn` gets, and what is written."""

import json
import types

import pytest
from tfx.components.util import udf_utils
from tfx.types import artifact_utils, standard_artifacts

from components.training import trainer, tuner
from components.training.tuner import Executor, TwoTowerTuner
from transform import features


class Metrics:
    def __init__(self, **values):
        self.metrics = values

    def get_best_value(self, name):
        return self.metrics[name]


class Hyperparameters:
    def __init__(self, **values):
        self.values = values

    def get_config(self):
        return {"values": self.values}


class Tuner:
    """As much of Keras Tuner's as the executors look at; its trials are there from the start."""

    def __init__(self, *trials):
        self.asked = {}
        self.oracle = types.SimpleNamespace(
            trials={trial.trial_id: trial for trial in trials},
            max_trials=len(trials),
            get_best_trials=lambda count: sorted(trials, key=lambda trial: -trial.score)[:count],
        )

    def search(self, **asked):
        self.asked = asked

    def get_best_hyperparameters(self):
        return [trial.hyperparameters for trial in self.oracle.get_best_trials(1)]


def trial(name, status, score, message=None):
    return types.SimpleNamespace(
        trial_id=name,
        status=status,
        score=score,
        message=message,
        metrics=Metrics(ndcg=score),
        hyperparameters=Hyperparameters(window=int(name) * 10),
    )


def artifact(kind, folder, split=None):
    made = kind()
    made.uri = str(folder)
    if split:
        made.split_names = artifact_utils.encode_split_names(split)
    folder.mkdir()
    return [made]


@pytest.fixture
def tune(tmp_path, monkeypatch):
    """Runs the executor with a tuner; returns the arguments of `tuner_fn`, and the outputs."""

    def run(tuner):
        channel = {
            "examples": artifact(
                standard_artifacts.Examples,
                tmp_path / "timelines",
                [features.TRAIN, features.EVAL],
            ),
            "transform_graph": artifact(standard_artifacts.TransformGraph, tmp_path / "graph"),
            trainer.ITEMS: artifact(
                standard_artifacts.Examples, tmp_path / "items", [features.CATALOGUE]
            ),
            trainer.ITEMS_TRANSFORM_GRAPH: artifact(
                standard_artifacts.TransformGraph, tmp_path / "items_graph"
            ),
        }
        outputs = {
            "best_hyperparameters": artifact(standard_artifacts.HyperParameters, tmp_path / "best"),
            "tuner_results": artifact(standard_artifacts.TunerResults, tmp_path / "results"),
        }
        got = []

        def tuner_fn(fn_args):
            got.append(fn_args)
            return types.SimpleNamespace(tuner=tuner, fit_kwargs={"epochs": 1})

        monkeypatch.setattr(udf_utils, "get_fn", lambda properties, name: tuner_fn)
        executor = Executor()
        monkeypatch.setattr(executor, "_get_tmp_dir", lambda: str(tmp_path))
        properties = {
            "train_args": json.dumps({"splits": [features.TRAIN]}),
            "eval_args": json.dumps({"splits": [features.EVAL]}),
            "custom_config": json.dumps({"trials": 2}),
        }
        executor.Do(channel, outputs, properties)
        return got[0]

    return run


def test_tuner_fn_gets_what_the_trainers_run_fn_gets(tune, tmp_path):
    fn_args = tune(Tuner(trial("0", "COMPLETED", 0.1)))
    assert fn_args.item_files == [str(tmp_path / "items" / "Split-catalogue" / "*")]
    assert fn_args.items_transform_output == str(tmp_path / "items_graph")
    assert fn_args.transform_output == str(tmp_path / "graph")
    assert fn_args.train_files == [str(tmp_path / "timelines" / "Split-train" / "*")]
    assert fn_args.eval_files == [str(tmp_path / "timelines" / "Split-eval" / "*")]
    assert fn_args.custom_config == {"trials": 2}


def test_best_hyperparameters_and_every_trial_are_written(tune, tmp_path):
    made = Tuner(trial("0", "COMPLETED", 0.1), trial("1", "COMPLETED", 0.3))
    tune(made)
    assert made.asked == {"epochs": 1}
    best = json.loads((tmp_path / "best" / "best_hyperparameters.txt").read_text())
    assert best == {"values": {"window": 10}}
    found = json.loads((tmp_path / "results" / tuner.TRIALS_FILE).read_text())
    assert found == [
        {"trial": "0", "status": "COMPLETED", "values": {"window": 0}, "metrics": {"ndcg": 0.1}},
        {"trial": "1", "status": "COMPLETED", "values": {"window": 10}, "metrics": {"ndcg": 0.3}},
    ]


@pytest.mark.parametrize(
    ("trials", "why"),
    [
        ([], "there is none"),
        ([trial("0", "FAILED", 0.0, "Traceback\n  …\nFloatingPointError: nan")], "Error: nan"),
    ],
    ids=["none", "all-failed"],
)
def test_without_a_trial_that_ended_there_is_no_best_one(tune, tmp_path, trials, why):
    with pytest.raises(ValueError, match=f"No trial came to an end; of the last: .*{why}"):
        tune(Tuner(*trials))
    assert not list((tmp_path / "best").iterdir())


def test_spec_has_the_items():
    inputs = TwoTowerTuner.SPEC_CLASS.INPUTS
    assert {"examples", "items", "items_transform_graph"} <= inputs.keys()
