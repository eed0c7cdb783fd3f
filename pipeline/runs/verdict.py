"""Verdict of the Evaluator: metrics, and the thresholds that a bundle failed."""

import dataclasses

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import validation_result_pb2

from components.evaluation import results


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the Evaluator measured and decided."""

    blessed: bool
    """Whether every threshold held."""

    reasons: tuple[str, ...]
    """Each threshold that failed, and by how much; empty if none did."""

    metrics: dict[str, dict[str, float]]
    """By slice ("" for all, else such as "gender:F"): value by metric name."""


def read(evaluation: str) -> Verdict:
    """Returns the verdict in the output folder of the Evaluator.

    Args:
        evaluation: Path of the `ModelEvaluation` artifact.
    """
    validation = tfma.load_validation_result(evaluation)
    return Verdict(
        blessed=validation.validation_ok,
        reasons=tuple(explain(validation)),
        metrics=results.metrics(evaluation),
    )


def explain(validation: validation_result_pb2.ValidationResult) -> list[str]:
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
