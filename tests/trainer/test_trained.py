"""Which trainings `model.refit` and `model.patience` ask for."""

import types

import pytest

from trainer import run
from trainer.config import ModelConfig


@pytest.mark.parametrize(
    ("settings", "fitted"),
    [
        ({"refit": False}, "train"),
        ({"refit": True, "patience": 3}, "train, then 2 epochs of train and eval"),
        ({"refit": True, "patience": 0, "epochs": 9}, "9 epochs of train and eval"),
    ],
    ids=["once", "again", "nothing-to-choose"],
)
def test_what_is_fitted(monkeypatch, settings, fitted):
    done = []
    history = types.SimpleNamespace(history={"val_ndcg@10": [0.1, 0.3, 0.2]})

    def build_and_fit(fn_args, config):
        done.append("train")
        return types.SimpleNamespace(history=history), None

    def refit(fn_args, config, epochs):
        done.append(f"{epochs} epochs of train and eval")

    monkeypatch.setattr(run, "build_and_fit", build_and_fit)
    monkeypatch.setattr(run, "refit", refit)
    run.trained(None, ModelConfig(**settings))
    assert ", then ".join(done) == fitted
