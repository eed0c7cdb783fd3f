import numpy as np
import pytest
from tensorflow_model_analysis.metrics import metric_types

from components.bundle.measurements import CATALOGUE_SIZE, TOP_POSITIONS
from components.evaluation.coverage import Coverage


def inputs(positions, size, model_name=""):
    outputs = {TOP_POSITIONS: np.array(positions, np.float32), CATALOGUE_SIZE: np.array([size])}
    return metric_types.StandardMetricInputs(
        prediction={model_name: outputs} if model_name else outputs
    )


@pytest.mark.parametrize("model_name", ["", "candidate"], ids=["alone", "beside-a-baseline"])
def test_share_of_the_catalogue_over_examples_that_were_seen_apart(model_name):
    (computation,) = Coverage().computations(model_names=[model_name])
    combiner = computation.combiner
    parts = []
    for positions in ([0, 1], [1, 2, -1]):  # -1: fewer items were left
        part = combiner.add_input(combiner.create_accumulator(), inputs(positions, 4, model_name))
        parts.append(part)
    merged = combiner.merge_accumulators([*parts, combiner.create_accumulator()])
    ((key, value),) = combiner.extract_output(merged).items()
    assert value == 3 / 4
    assert (key.name, key.model_name) == ("coverage@10", model_name)


def test_no_example_at_all_is_no_number():
    (computation,) = Coverage().computations(model_names=[""])
    combiner = computation.combiner
    (value,) = combiner.extract_output(combiner.create_accumulator()).values()
    assert np.isnan(value)
