"""Results of the Evaluator as plain numbers."""

import math
from typing import Any

import tensorflow_model_analysis as tfma
from google.protobuf import json_format

OVERALL = ""
CANDIDATE, BASELINE = "candidate", "baseline"  # TFMA's names of the models that it compares


def metrics(evaluation: str, model: str = CANDIDATE) -> dict[str, dict[str, float]]:
    """Returns the metrics of one model by slice and name.

    Args:
        evaluation: Path of the `ModelEvaluation` artifact.
        model: `CANDIDATE`, the bundle; or `BASELINE`, the one that is served: no values where there
            was nothing to compare with.
    """
    names = ("", CANDIDATE) if model == CANDIDATE else (model,)  # "" where there is no baseline
    by_slice: dict[str, dict[str, float]] = {}
    for record in tfma.load_metrics(evaluation):
        values = by_slice.setdefault(slice_name(record.slice_key), {})
        for item in record.metric_keys_and_values:
            if item.key.model_name in names and not item.key.is_diff:
                number = item.value.double_value.value
                if math.isfinite(number):
                    values[item.key.name] = number
    return by_slice


def slice_name(key: Any) -> str:
    """Returns the name of a slice, such as "gender:F"; `OVERALL` for that of everything."""
    return ", ".join(f"{part.column}:{_value(part)}" for part in key.single_slice_keys)


def _value(key: Any) -> str:
    """Returns the value of one slice key as text."""
    for field in ("bytes_value", "int64_value", "float_value"):
        if key.WhichOneof("kind") == field:
            value = getattr(key, field)
            return value.decode() if isinstance(value, bytes) else str(value)
    raise ValueError(f"A slice key has no value: {json_format.MessageToJson(key)}")
