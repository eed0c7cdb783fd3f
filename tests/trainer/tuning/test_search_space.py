"""Every combination of the search space is a configuration, whatever tuning starts from."""

import dataclasses
import itertools

import pytest

from trainer.config import ModelConfig
from trainer.tuning.search_space import VALUES, space, with_values

BLOG = ModelConfig(history="none", loss="retrieval", learning_rate=0.1, batch_size=4096)


@pytest.mark.parametrize(
    ("base", "fixed"),
    [
        (ModelConfig(), ()),
        (ModelConfig(history="mean"), ()),
        (BLOG, ()),
        (ModelConfig(embedding_dim=66, heads=3), ("embedding_dim",)),
        (ModelConfig(embedding_dim=66, heads=3), ()),
        (ModelConfig(heads=64), ("heads",)),
        (ModelConfig(heads=64), ()),
        (ModelConfig(embedding_dim=7, heads=1), ("heads",)),
    ],
    ids=["default", "mean", "blog", "fixed-dim", "odd-dim", "fixed-heads", "64-heads", "one-head"],
)
def test_every_sample_is_valid_and_the_start_is_one(base, fixed):
    found = space(base, fixed)
    assert not set(fixed) & set(found)
    assert all(getattr(base, name) in values for name, values in found.items())
    assert all(len(set(values)) == len(values) > 1 for values in found.values())
    pair = [name for name in ("embedding_dim", "heads") if name in found]
    others = [name for name in found if name not in pair]
    for values in itertools.product(*(found[name] for name in pair)):
        with_values(base, dict(zip(pair, values, strict=True)))
    for name in others:
        for value in found[name]:
            assert getattr(with_values(base, {name: value}), name) == value


@pytest.mark.parametrize(
    ("base", "absent", "present"),
    [
        (ModelConfig(), {"log_q"}, {"heads", "blocks", "window"}),
        (ModelConfig(history="mean"), {"log_q", "heads", "blocks"}, {"window"}),
        (BLOG, {"heads", "blocks", "window"}, {"log_q"}),
    ],
    ids=["attention", "mean", "blog"],
)
def test_what_changes_nothing_is_not_tried(base, absent, present):
    found = set(space(base))
    assert not absent & found
    assert present <= found


def test_fields_exist_and_nothing_else_is_called_tunable():
    assert set(VALUES) <= {field.name for field in dataclasses.fields(ModelConfig)}


def test_nothing_left_to_tune():
    with pytest.raises(ValueError, match="Nothing is left to tune"):
        space(ModelConfig(), VALUES)


def test_trials_start_from_nothing():
    with pytest.raises(ValueError, match="warm_start must be false"):
        space(ModelConfig(warm_start=True))


def test_values_get_the_type_of_their_field():
    config = with_values(ModelConfig(loss="retrieval"), {"log_q": 0, "dropout": 0, "window": 20.0})
    assert config.log_q is False
    assert isinstance(config.dropout, float)
    assert isinstance(config.window, int)
