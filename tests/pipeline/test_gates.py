"""What the Evaluator is told."""

import dataclasses
import json

import pytest

from components.bundle import measurements
from pipeline import gates
from pipeline.config import Gates
from support.generated_shop import shop
from transform import datasets, definition
from transform.kinds import Category, Number

MOVIELENS = datasets.load(datasets.MOVIELENS)


def thresholds(config):
    """Every threshold by metric name; each holds for all users together, never for a slice."""
    found = {}
    for spec in config.metrics_specs:
        assert not spec.thresholds
        assert not any(m.HasField("threshold") or m.per_slice_thresholds for m in spec.metrics)
        for name, several in spec.per_slice_thresholds.items():
            (part,) = several.thresholds
            assert [len(each.feature_keys) for each in part.slicing_specs] == [0]
            found[name] = part.threshold
    return found


def sliced(config):
    return [list(spec.feature_keys) for spec in config.slicing_specs]


def test_only_the_gated_metric_the_lift_and_the_recall_are_held_to_thresholds():
    asked = Gates(min_hit_at_10=0.2, min_lift=0.01, max_drop=0.05)
    found = thresholds(gates.eval_config(asked, MOVIELENS))
    assert set(found) == {gates.GATED, gates.LIFT, gates.RECALL}
    assert found[gates.RECALL].value_threshold.lower_bound.value == pytest.approx(0.95)
    assert found[gates.GATED].value_threshold.lower_bound.value == pytest.approx(0.2)
    assert found[gates.GATED].change_threshold.relative.value == pytest.approx(-0.05)
    assert found[gates.LIFT].value_threshold.lower_bound.value == pytest.approx(0.01)


def test_every_metric_is_measured_of_bundle_and_baselines_and_sliced():
    config = gates.eval_config(Gates(), MOVIELENS)
    (means,) = (m for spec in config.metrics_specs for m in spec.metrics if m.class_name == "Means")
    names = set(json.loads(means.config)["outputs"])
    for metric in measurements.METRICS:
        assert {metric, f"popular {metric}", f"recent {metric}"} <= names
    assert sliced(config) == [[], ["activity"], ["age_group"], ["gender"], ["label_popularity"]]


def test_slices_are_those_of_the_definition():
    assert sliced(gates.eval_config(Gates(), shop())) == [[]]
    by_country = dataclasses.replace(shop(), slices={"country": (), "activity": ()})
    assert sliced(gates.eval_config(Gates(), by_country)) == [[], ["country"], ["activity"]]


def test_numbers_are_sliced_by_their_bands():
    shop = definition.Definition(
        name="shop",
        item=definition.Item(id="sku"),
        user=definition.User(id="u", features={"country": Category(), "income": Number()}),
        event=definition.Event(user="u", item="i", time=definition.Moment("t")),
        slices={"income": (10.5,), "country": ()},
    )
    config = gates.eval_config(Gates(), shop)
    keys = [list(spec.feature_keys) for spec in config.slicing_specs]
    assert keys == [[], ["income_group"], ["country"]]
