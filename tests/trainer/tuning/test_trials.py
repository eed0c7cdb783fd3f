"""Which trials are made, and what becomes of an interrupted search; no model is trained here."""

import types

import keras_tuner
import numpy as np
import pytest

from trainer.config import ModelConfig
from trainer.tuning import trials
from trainer.tuning.search_space import space

BASE = ModelConfig()
SPACE = space(BASE)
DATA = object()  # which no trial reads again


class Fitted:
    """Stands for `run.build_and_fit`: keeps the configurations, and fails where it shall."""

    def __init__(self):
        self.configs = []
        self.fails = {}

    def __call__(self, data, config, logs):
        assert data is DATA and logs.endswith("logs")
        self.configs.append(config)
        if len(self.configs) in self.fails:
            raise self.fails.pop(len(self.configs))
        rank = np.arange(len(self.configs)) * 3  # the first model is the best
        model = types.SimpleNamespace(history=types.SimpleNamespace(epoch=[0, 1, 2]))
        return model, types.SimpleNamespace(label_ranks=lambda model: rank)


@pytest.fixture
def fitted(monkeypatch):
    stand_in = Fitted()
    monkeypatch.setattr(trials.run, "build_and_fit", stand_in)
    return stand_in


def search(folder, count, base=BASE):
    tuner = trials.Trials(DATA, base, space(base), count, str(folder))
    tuner.search()
    return tuner.oracle


def values(oracle):
    return [trial.hyperparameters.values for trial in oracle.trials.values()]


def test_starts_from_the_configuration_and_never_repeats_itself(tmp_path, fitted):
    oracle = search(tmp_path / "a", 12)
    assert fitted.configs[0] == BASE
    assert len(set(fitted.configs)) == 12
    (best,) = oracle.get_best_trials(1)
    assert best.hyperparameters.values == values(oracle)[0]
    assert best.score == 1.0
    assert best.metrics.get_best_value(trials.EPOCHS) == 3


def test_choice_is_by_seed(tmp_path, fitted):
    once, again = (values(search(tmp_path / name, 5)) for name in "ab")
    other = values(search(tmp_path / "c", 5, ModelConfig(seed=2)))
    zero, zero_again = (values(search(tmp_path / n, 5, ModelConfig(seed=0))) for n in "de")
    assert once == again != other
    assert zero == zero_again != once


def test_interrupted_search_goes_on_as_if_it_had_not_been(tmp_path, fitted):
    whole = values(search(tmp_path / "whole", 4))
    first, fitted.configs = fitted.configs, []
    fitted.fails = {3: KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "part", 4)
    oracle = search(tmp_path / "part", 4)
    assert values(oracle) == whole
    assert fitted.configs == [*first[:3], *first[2:]]  # the third was begun twice
    assert {trial.status for trial in oracle.trials.values()} == {"COMPLETED"}


def test_what_was_said_of_a_trial_is_kept(tmp_path, fitted, monkeypatch):
    said = []

    def interrupt(message, *values):
        said.append(message % values)
        if "trial 1 of 2" in said[-1]:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(trials.LOG, "info", interrupt)
        with pytest.raises(KeyboardInterrupt):
            search(tmp_path / "a", 2)
    assert said[-1].startswith("trial 1 of 2: ndcg@10 1.0000 after 3 epochs, 0 s: embedding_dim=64")
    search(tmp_path / "a", 2)
    assert len(fitted.configs) == 2


def test_interrupted_in_the_first_trial(tmp_path, fitted):
    fitted.fails = {1: KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "a", 1)
    assert values(search(tmp_path / "a", 1)) == values(search(tmp_path / "b", 1))


@pytest.mark.parametrize(("later", "fits"), [(2, 0), (1, 0), (5, 3)], ids=["same", "fewer", "more"])
def test_finished_search_adds_only_what_is_missing(tmp_path, fitted, later, fits):
    search(tmp_path / "a", 2)
    fitted.configs.clear()
    oracle = search(tmp_path / "a", later)
    assert len(fitted.configs) == fits
    assert len(oracle.trials) == max(2, later)


def test_training_that_diverged_is_one_failed_trial(tmp_path, fitted):
    fitted.fails = {2: FloatingPointError("The loss is nan.")}
    oracle = search(tmp_path / "a", 3)
    assert [trial.status for trial in oracle.trials.values()] == [
        "COMPLETED",
        "FAILED",
        "COMPLETED",
    ]
    assert "The loss is nan." in oracle.trials["1"].message


def test_all_of_a_search_may_diverge(tmp_path, fitted):
    fitted.fails = {number: FloatingPointError("The loss is nan.") for number in range(1, 6)}
    oracle = search(tmp_path / "a", 5)
    assert [trial.status for trial in oracle.trials.values()] == ["FAILED"] * 5
    assert len(search(tmp_path / "a", 5).trials) == 5
    assert len(fitted.configs) == 5


def test_any_other_error_ends_the_search(tmp_path, fitted):
    fitted.fails = {2: ValueError("No timelines.")}
    with pytest.raises(keras_tuner.errors.FatalError, match="trial 2: No timelines"):
        search(tmp_path / "a", 3)
    assert len(fitted.configs) == 2
