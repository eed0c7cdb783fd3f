"""Evaluation gates: metrics and slices of the Evaluator, and the thresholds of a push.

Their values are in `pipeline/config.py`. What else can stop a push: anomalies of the data
(`components/validation/gate.py`), and the canary (`components/canary/`).
"""

import json
from typing import Any

from google.protobuf import json_format
from tensorflow_model_analysis.proto import config_pb2

from components.bundle import measurements, slices
from components.evaluation.coverage import Coverage
from components.evaluation.means import Means
from pipeline.config import Gates
from transform.definition import Definition

EVALUATE, DESCRIBE = "evaluate", "describe"
GATED = "hit@10"
LIFT = "hit@10 over popular"
RECALL = f"index recall@{measurements.RECALL_AT}"


def eval_config(gates: Gates, definition: Definition) -> config_pb2.EvalConfig:
    """Returns what TFMA measures on the bundle's `evaluate` signature, and the thresholds.

    Every number is a mean over held-out events: examples are weighed by how many they hold, which
    leaves out users of whom nothing was held out.

    Args:
        gates: Thresholds, of which all must be reached.
        definition: Definition of the data set, which says by what metrics are sliced.
    """
    outputs = dict(measurements.METRICS)
    for baseline in (measurements.TIMED, *measurements.BASELINES):  # a mean of nothing is left out
        outputs |= {
            f"{baseline} {name}": f"{baseline}_{output}"
            for name, output in measurements.METRICS.items()
        }
    outputs |= {LIFT: measurements.LIFT, RECALL: measurements.RECALL}
    means = {
        "metrics": [_metric(Means, outputs=outputs)],
        "per_slice_thresholds": {
            LIFT: _of_all({"value_threshold": {"lower_bound": gates.min_lift}}),
            RECALL: _of_all({"value_threshold": {"lower_bound": gates.min_recall}}),
            GATED: _of_all(
                {
                    "value_threshold": {"lower_bound": gates.min_hit_at_10},
                    "change_threshold": {
                        "direction": "HIGHER_IS_BETTER",
                        "relative": -gates.max_drop,
                    },
                }
            ),
        },
    }
    whole = {
        "metrics": [
            _metric(Coverage, name=f"coverage@{measurements.COVERAGE_AT}"),
            {"class_name": "ExampleCount"},
        ],
        "example_weights": {"unweighted": True},
    }
    return json_format.ParseDict(
        {
            "model_specs": [
                {
                    "signature_name": EVALUATE,
                    "preprocessing_function_names": [DESCRIBE],
                    "example_weight_key": measurements.LABEL_COUNT,
                    "label_key": measurements.LABEL_COUNT,
                }
            ],
            "slicing_specs": [
                {},
                *({"feature_keys": [name]} for name in slices.slice_keys(definition)),
            ],
            "metrics_specs": [means, whole],
        },
        config_pb2.EvalConfig(),
    )


def _metric(kind: type, **config: Any) -> dict[str, Any]:
    """Returns the configuration of a metric of ours."""
    return {
        "class_name": kind.__name__,
        "module": kind.__module__,
        "config": json.dumps(config),
    }


def _of_all(threshold: dict[str, Any]) -> dict[str, Any]:
    """Returns a threshold that holds for all users together, and not for every slice."""
    return {"thresholds": [{"slicing_specs": [{}], "threshold": threshold}]}
