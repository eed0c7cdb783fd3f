"""The presets, value by value: what a name stands for must not change by accident."""

import pytest

from pipeline import presets
from pipeline.config import Settings
from pipeline.datasets import releases
from pipeline.settings import changes
from pipeline.settings.errors import ConfigurationError

DEFAULTS = {
    "split.method": "leave_last_out",
    "split.eval_fraction": 0.1,
    "split.test_fraction": 0.1,
    "split.eval_cut": None,
    "split.test_cut": None,
    "split.seed": 0,
    "model.embedding_dim": 64,
    "model.history": "attention",
    "model.blocks": 1,
    "model.heads": 2,
    "model.window": 50,
    "model.order": "time",
    "model.event_features": True,
    "model.gaps": False,
    "model.request_time": False,
    "model.request_dropout": 0.4,
    "model.user_features": True,
    "model.item_features": True,
    "model.item_bias": True,
    "model.loss": "auto",
    "model.full_softmax_up_to": 20_000,
    "model.uniform_negatives": 1024,
    "model.shared_negatives": 512,
    "model.log_q": True,
    "model.remove_accidental_hits": True,
    "model.temperature": 1.0,
    "model.learn_temperature": False,
    "model.normalized": False,
    "model.id_dropout": 0.05,
    "model.dropout": 0.3,
    "model.optimizer": "auto",
    "model.learning_rate": 0.003,
    "model.schedule": "cosine",
    "model.batch_size": 64,
    "model.epochs": 45,
    "model.patience": 15,
    "model.refit": False,
    "model.warm_start": False,
    "model.exclude_seen": True,
    "model.seed": 1,
    "gates.min_lift": 0.0,
    "gates.max_drop": 0.1,
    "gates.min_hit_at_10": 0.0,
    "gates.min_recall": 0.95,
    "gates.on_failure": "fail",
    "serving.keep_versions": 5,
    "serving.inverted_from": 300_000,
    "serving.probes": 64,
    "serving.max_batch": 1024,
    "serving.signing_key_file": "",
    "serving.trend.days": 30,
    "serving.trend.weight": 0.0,
    "notify.webhook_env": "",
    "notify.webhook_file": "",
    "notify.metrics_file": "",
}
ML_1M = {
    "model.blocks": 2,
    "model.window": 200,
    "model.gaps": True,
    "model.id_dropout": 0.01,
    "model.dropout": 0.2,
    "model.batch_size": 32,
    "model.epochs": 32,
    "model.patience": 0,
}
BLOG = {
    "split.method": "random",
    "split.eval_fraction": 0.04,
    "split.test_fraction": 0.2,
    "split.seed": 42,
    "model.embedding_dim": 32,
    "model.history": "none",
    "model.window": 1,
    "model.event_features": False,
    "model.user_features": False,
    "model.item_features": False,
    "model.item_bias": False,
    "model.loss": "retrieval",
    "model.uniform_negatives": 0,
    "model.log_q": False,
    "model.remove_accidental_hits": False,
    "model.id_dropout": 0.0,
    "model.dropout": 0.0,
    "model.optimizer": "adagrad",
    "model.learning_rate": 0.1,
    "model.schedule": "constant",
    "model.batch_size": 4096,
    "model.epochs": 3,
    "model.patience": 0,
    "model.exclude_seen": False,
    "gates.min_lift": -1.0,
}


def test_defaults():
    assert changes.flat(Settings()) == DEFAULTS


@pytest.mark.parametrize(
    ("name", "dataset", "different"),
    [
        ("ml-100k", "ml-100k", {"model.event_features": False}),
        ("ml-1m", "ml-1m", ML_1M),
        ("ml-latest-small", "ml-latest-small", {"model.event_features": False}),
        ("blog", "ml-100k", BLOG),
        ("catalogue", "", {"model.gaps": True}),
    ],
)
def test_every_effective_value(name, dataset, different):
    preset = presets.find(name)
    assert (preset.name, preset.dataset) == (name, dataset)
    assert changes.flat(preset.settings) == {**DEFAULTS, **different}


def test_the_default_comes_first_and_all_but_that_of_own_data_can_be_fetched():
    assert presets.names() == ["ml-100k", "blog", "catalogue", "ml-1m", "ml-latest-small"]
    fetched = {name: presets.find(name).dataset for name in presets.names()}
    assert fetched.pop(presets.OWN) == ""
    assert set(fetched.values()) <= set(releases.RELEASES)


def test_movielens_stays_exact():
    largest = 87_585  # movies of the latest full release
    found = (presets.find(name).settings.serving.inverted_from for name in presets.names())
    assert all(threshold > largest for threshold in found)


def test_unknown_preset_lists_those_there_are_and_guesses():
    with pytest.raises(ConfigurationError) as refused:
        presets.find("ml-1M")
    assert str(refused.value) == (
        "Unknown preset 'ml-1M'; there are: ml-100k, blog, catalogue, ml-1m, ml-latest-small; "
        "did you mean 'ml-1m'?"
    )
