"""Why a bundle is not blessed: a sentence for each threshold that failed."""

import json

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import validation_result_pb2
from tfx import types

from components.evaluation import results

PROPERTY = "reasons"  # of the blessing artifact: a JSON list of sentences

Metrics = dict[str, dict[str, float]]


def read(evaluation: str) -> list[str]:
    """Returns the sentences about an evaluation; none where every threshold held.

    Args:
        evaluation: Path of the `ModelEvaluation` artifact.
    """
    validation = tfma.load_validation_result(evaluation)
    return explain(
        validation, results.metrics(evaluation), results.metrics(evaluation, results.BASELINE)
    )


def explain(
    validation: validation_result_pb2.ValidationResult, bundle: Metrics, served: Metrics
) -> list[str]:
    """Returns a sentence for each threshold that failed: value, threshold, and what it stems from.

    Args:
        validation: What TFMA decided.
        bundle: By slice and name: metrics of the bundle.
        served: Those of the bundle that is served; empty where there was none to compare with.
    """
    sentences = []
    for part in validation.metric_validations_per_slice:
        where = results.slice_name(part.slice_key)
        for failure in part.failures:
            name = failure.metric_key.name
            values = bundle.get(where, {})
            subject = f"{name} ({where or 'all users'})"
            if failure.message:
                sentences.append(f"{subject}: {' '.join(failure.message.split())}")
            elif failure.metric_threshold.HasField("change_threshold"):
                allowed = failure.metric_threshold.change_threshold.relative.value
                before = served[where][name]
                now = before + failure.metric_value.double_value.value
                sentences.append(
                    f"{subject} is {_below(now, before * (1 + allowed))} "
                    f"(the served bundle's {before:.4f} less {-allowed:.1%})"
                )
            else:
                value = failure.metric_value.double_value.value
                bound = failure.metric_threshold.value_threshold.lower_bound.value
                sentences.append(f"{subject} is {_below(value, bound)}{_of_lift(name, values)}")
    if validation.missing_thresholds:
        sentences.append("no threshold was evaluated")
    return sentences


def of_blessing(blessing: types.Artifact) -> list[str]:
    """Returns the sentences that the Evaluator noted on its blessing; none if it is blessed."""
    noted = blessing.get_string_custom_property(PROPERTY)
    return list(json.loads(noted)) if noted else []


def _below(value: float, bound: float) -> str:
    return f"{value:.4f}, {bound - value:.4f} below the threshold {bound:.4f}"


def _of_lift(name: str, values: dict[str, float]) -> str:
    """Returns both terms of a difference, such as "hit@10 over popular"; nothing for others."""
    metric, _, baseline = name.partition(" over ")
    terms = [each for each in (metric, f"{baseline} {metric}") if each in values]
    if not baseline or len(terms) < 2:
        return ""
    return f" ({', '.join(f'{term} {values[term]:.4f}' for term in terms)})"
