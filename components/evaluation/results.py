"""Results of the Evaluator as plain numbers."""

import math
from typing import Any

import tensorflow_model_analysis as tfma
from google.protobuf import json_format

OVERALL = ""


def metrics(evaluation: str) -> dict[str, dict[str, float]]:
    """Returns the candidate's metrics by slice and name; the baseline's are left out.

    Args:
        evaluation: Path of the `ModelEvaluation` artifact.
    """
    by_slice: dict[str, dict[str, float]] = {}
    for record in tfma.load_metrics(evaluation):
        name = ", ".join(
            f"{key.column}:{_value(key)}" for key in record.slice_key.single_slice_keys
        )
        values = by_slice.setdefault(name, {})
        for item in record.metric_keys_and_values:
            if item.key.model_name in ("", "candidate") and not item.key.is_diff:
                number = item.value.double_value.value
                if math.isfinite(number):
                    values[item.key.name] = number
    return by_slice


def _value(key: Any) -> str:
    """Returns the value of one slice key as text."""
    for field in ("bytes_value", "int64_value", "float_value"):
        if key.WhichOneof("kind") == field:
            value = getattr(key, field)
            return value.decode() if isinstance(value, bytes) else str(value)
    raise ValueError(f"A slice key has no value: {json_format.MessageToJson(key)}")
