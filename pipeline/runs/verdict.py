"""Verdict on a run's bundle: metrics, whether it is blessed, and why not."""

import dataclasses

from pipeline.runs.records import RunRecord


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
    import tensorflow_model_analysis as tfma

    from components.evaluation import reasons, results

    return Verdict(
        blessed=tfma.load_validation_result(evaluation).validation_ok,
        reasons=tuple(reasons.read(evaluation)),
        metrics=results.metrics(evaluation),
    )


def reasons(record: RunRecord) -> list[str]:
    """Returns why a run is not blessed or failed, a sentence each; none if neither is so.

    Needs no TensorFlow.

    Args:
        record: The run. The error of a failed one may have several lines.
    """
    lines = (line.strip() for reason in record.reasons for line in reason.splitlines())
    return [line for line in lines if line]
