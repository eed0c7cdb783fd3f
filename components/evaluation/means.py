"""Weighted means of many outputs as one TFMA metric.

TFMA's MeanPrediction is one metric an output: with forty of them, in every slice, evaluation spends
nearly all its time in handing an example from one to the next.
"""

from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics import metric_types

ALMOST_NOTHING = 1e-12
Accumulator = tuple[float, np.ndarray]


class Means(tfma.metrics.Metric):
    """Mean of each named output over the examples, by their weights."""

    def __init__(self, outputs: dict[str, str], name: str = "means") -> None:
        """Names the metrics.

        Args:
            outputs: Output that holds each metric, one number an example, by the metric's name.
            name: Name of the whole metric; appears in no result.
        """
        super().__init__(_computations, outputs=outputs, name=name)


metric_types.register_metric(Means)


class _WeightedSums(beam.CombineFn):
    """Adds up the weights, and each output times the weight."""

    def __init__(self, keys: list[metric_types.MetricKey], outputs: list[str], model: str) -> None:
        self._keys = keys
        self._outputs = outputs
        self._model = model

    def create_accumulator(self) -> Accumulator:
        """Returns the sums over nothing."""
        return 0.0, np.zeros(len(self._outputs))

    def add_input(
        self, accumulator: Accumulator, inputs: metric_types.StandardMetricInputs
    ) -> Accumulator:
        """Adds one example."""
        total, sums = accumulator
        outputs, weight = self._of_model(inputs.prediction), self._of_model(inputs.example_weight)
        weight = float(np.sum(weight))
        # The served bundle may be older than an output, whose mean is then NaN.
        values = np.array(
            [outputs[name].item() if name in outputs else np.nan for name in self._outputs],
            np.float64,
        )
        return total + weight, sums + weight * values

    def merge_accumulators(self, accumulators: list[Accumulator]) -> Accumulator:
        """Merges accumulators of different examples."""
        totals, sums = zip(*accumulators, strict=True)
        return float(sum(totals)), np.sum(sums, axis=0)

    def extract_output(self, accumulator: Accumulator) -> dict[metric_types.MetricKey, float]:
        """Returns the mean by the metric's key; NaN where nothing has weight.

        A mean of 0 becomes `ALMOST_NOTHING`: to TFMA a relative change from 0 is NaN, so nothing
        could ever follow a baseline that hit nothing.
        """
        total, sums = accumulator
        means = sums / total if total else np.full(len(sums), np.nan)
        means = np.where(means == 0, ALMOST_NOTHING, means)
        return dict(zip(self._keys, means.tolist(), strict=True))

    def _of_model(self, values: Any) -> Any:
        """Returns the values of this model; those of a single model are not keyed by name."""
        return values[self._model] if isinstance(values, dict) and self._model in values else values


def _computations(
    name: str,
    outputs: dict[str, str],
    eval_config: tfma.EvalConfig | None = None,
    model_names: list[str] | None = None,
    example_weighted: bool = True,
    **_: object,
) -> metric_types.MetricComputations:
    del name, eval_config
    if not example_weighted:
        raise ValueError("Means are weighted: leave `example_weights` of their MetricsSpec unset.")
    computations = []  # not weighted, says a key with False; thresholds by name ask for None
    for model in model_names or [""]:
        keys = [
            metric_types.MetricKey(name=metric, model_name=model, example_weighted=None)
            for metric in outputs
        ]
        computations.append(
            metric_types.MetricComputation(
                keys=keys,
                preprocessors=None,
                combiner=_WeightedSums(keys, list(outputs.values()), model),
            )
        )
    return computations
