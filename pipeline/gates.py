"""When a bundle may be pushed: what the Evaluator measures, and the thresholds it is held to."""

import json
from typing import Any

import tensorflow_model_analysis as tfma
from google.protobuf import json_format

from components.bundle import evaluation
from components.bundle.coverage import Coverage
from pipeline.config import Gates
from transform import features

EVALUATE, DESCRIBE = "evaluate", "describe"
GATED = "hit@10"
LIFT = "hit@10 over popular"
SLICES = (
    evaluation.ACTIVITY,
    evaluation.AGE_GROUP,
    features.GENDER,
    evaluation.LABEL_POPULARITY,
)


def eval_config(gates: Gates) -> tfma.EvalConfig:
    """Returns what TFMA measures on the bundle's `evaluate` signature.

    Every number is a mean over held-out ratings: examples are weighed by how many they hold, which
    leaves out users of whom nothing was held out.
    """
    specs = [
        _mean(name, output, _thresholds(name, gates)) for name, output in evaluation.METRICS.items()
    ]
    for yardstick in evaluation.YARDSTICKS:
        specs += [
            _mean(f"{yardstick} {name}", f"{yardstick}_{output}")
            for name, output in evaluation.METRICS.items()
        ]
    specs.append(_mean(LIFT, evaluation.LIFT, {"value_threshold": {"lower_bound": gates.min_lift}}))
    specs.append(
        {
            "metrics": [
                {
                    "class_name": Coverage.__name__,
                    "module": Coverage.__module__,
                    "config": json.dumps({"name": f"coverage@{evaluation.COVERAGE_AT}"}),
                },
                {"class_name": "ExampleCount"},
            ],
            "example_weights": {"unweighted": True},
        }
    )
    return json_format.ParseDict(
        {
            "model_specs": [
                {
                    "signature_name": EVALUATE,
                    "preprocessing_function_names": [DESCRIBE],
                    "example_weight_key": evaluation.LABEL_COUNT,
                    "label_key": evaluation.LABEL_COUNT,
                }
            ],
            "slicing_specs": [{}, *({"feature_keys": [name]} for name in SLICES)],
            "metrics_specs": specs,
        },
        tfma.EvalConfig(),
    )


def _mean(name: str, output: str, threshold: dict[str, Any] | None = None) -> dict[str, Any]:
    """Returns the spec of a mean of one output of `evaluate`."""
    metric: dict[str, Any] = {
        "class_name": "MeanPrediction",
        "config": json.dumps({"name": name}),
    }
    if threshold:  # of all users together: a bare `threshold` would hold for every slice
        metric["per_slice_thresholds"] = [{"slicing_specs": [{}], "threshold": threshold}]
    return {
        "metrics": [metric],
        "output_names": [output],
        "example_weights": {"weighted": True},
    }


def _thresholds(name: str, gates: Gates) -> dict[str, Any] | None:
    if name != GATED:
        return None
    return {
        "value_threshold": {"lower_bound": gates.min_hit_at_10},
        "change_threshold": {"direction": "HIGHER_IS_BETTER", "relative": -gates.max_drop},
    }
