"""Reads the Evaluator's output: the metrics, and why a bundle was or was not blessed."""

import dataclasses
import math
from typing import Any

import tensorflow_model_analysis as tfma
from google.protobuf import json_format
from tensorflow_model_analysis.proto import validation_result_pb2

OVERALL = ""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the Evaluator found."""

    blessed: bool
    """Whether every threshold held."""

    reasons: tuple[str, ...]
    """Each threshold that failed, and by how much; empty if none did."""

    metrics: dict[str, dict[str, float]]
    """By slice ("" for all, else such as "gender:F"): value by metric name."""


def read(evaluation: str) -> Verdict:
    """Reads the output folder of the Evaluator.

    Args:
        evaluation: Path of the `ModelEvaluation` artifact.
    """
    validation = tfma.load_validation_result(evaluation)
    return Verdict(
        blessed=validation.validation_ok,
        reasons=tuple(reasons(validation)),
        metrics=metrics(evaluation),
    )


def metrics(evaluation: str) -> dict[str, dict[str, float]]:
    """Returns the candidate's metrics by slice and name; the baseline's are left out."""
    found: dict[str, dict[str, float]] = {}
    for record in tfma.load_metrics(evaluation):
        name = ", ".join(
            f"{key.column}:{_value(key)}" for key in record.slice_key.single_slice_keys
        )
        values = found.setdefault(name, {})
        for item in record.metric_keys_and_values:
            if item.key.model_name in ("", "candidate") and not item.key.is_diff:
                number = item.value.double_value.value
                if math.isfinite(number):
                    values[item.key.name] = number
    return found


def reasons(validation: validation_result_pb2.ValidationResult) -> list[str]:
    """Returns a sentence for each threshold that failed."""
    sentences = []
    for part in validation.metric_validations_per_slice:
        for failure in part.failures:
            threshold = failure.metric_threshold
            value = failure.metric_value.double_value.value
            name = failure.metric_key.name
            if threshold.HasField("value_threshold"):
                bound = threshold.value_threshold.lower_bound.value
                sentences.append(
                    f"{name} is {value:.4f}, {bound - value:.4f} below the threshold {bound:.4f}"
                )
            elif threshold.HasField("change_threshold"):
                allowed = threshold.change_threshold.relative.value
                sentences.append(
                    f"{name} changed by {value:+.4f} against the bundle that is served; "
                    f"at most {allowed:+.1%} of it is allowed"
                )
            else:
                sentences.append(f"{name}: {failure.message}")
    if validation.missing_thresholds:
        sentences.append("no threshold was evaluated")
    return sentences


def _value(key: Any) -> str:
    """Returns the value of one slice key as text."""
    for field in ("bytes_value", "int64_value", "float_value"):
        if key.WhichOneof("kind") == field:
            value = getattr(key, field)
            return value.decode() if isinstance(value, bytes) else str(value)
    raise ValueError(f"A slice key has no value: {json_format.MessageToJson(key)}")
