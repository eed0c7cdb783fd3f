"""Coverage of the catalogue as a TFMA metric, the only one that is not a mean over examples."""

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics import metric_types

from components.bundle.measurements import CATALOGUE_SIZE, TOP_POSITIONS


class Coverage(tfma.metrics.Metric):
    """Share of the catalogue that is among the first recommendations of at least one user."""

    def __init__(self, name: str = "coverage@10") -> None:
        """Names the metric.

        Args:
            name: Name of the metric.
        """
        super().__init__(_computations, name=name)


metric_types.register_metric(Coverage)


class _DistinctPositions(beam.CombineFn):
    """Collects the distinct catalogue positions that were recommended, and the catalogue's size."""

    def __init__(self, key: metric_types.MetricKey) -> None:
        self._key = key

    def create_accumulator(self) -> tuple[set[int], float]:
        """Returns an accumulator of nothing."""
        return set(), 0.0

    def add_input(
        self, accumulator: tuple[set[int], float], inputs: metric_types.StandardMetricInputs
    ) -> tuple[set[int], float]:
        """Adds the recommendations of one example."""
        seen, size = accumulator
        outputs = inputs.prediction
        if self._key.model_name in outputs:
            outputs = outputs[self._key.model_name]
        positions = np.ravel(outputs[TOP_POSITIONS]).astype(int)
        seen.update(positions[positions >= 0].tolist())  # fewer may have been left
        return seen, max(size, float(np.max(outputs[CATALOGUE_SIZE])))

    def merge_accumulators(
        self, accumulators: list[tuple[set[int], float]]
    ) -> tuple[set[int], float]:
        """Merges accumulators of different examples."""
        seen: set[int] = set()
        size = 0.0
        for other, other_size in accumulators:
            seen |= other
            size = max(size, other_size)
        return seen, size

    def extract_output(
        self, accumulator: tuple[set[int], float]
    ) -> dict[metric_types.MetricKey, float]:
        """Returns the share by the metric's key."""
        seen, size = accumulator
        return {self._key: len(seen) / size if size else float("nan")}


def _computations(
    name: str,
    eval_config: tfma.EvalConfig | None = None,
    model_names: list[str] | None = None,
    **_: object,
) -> metric_types.MetricComputations:
    del eval_config
    computations = []
    for model_name in model_names or [""]:
        key = metric_types.MetricKey(name=name, model_name=model_name)
        computations.append(
            metric_types.MetricComputation(
                keys=[key], preprocessors=None, combiner=_DistinctPositions(key)
            )
        )
    return computations
