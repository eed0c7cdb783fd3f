import numpy as np
import pytest
from tensorflow_model_analysis.metrics import metric_types

from components.evaluation.means import ALMOST_NOTHING, Means


def inputs(first, second, weight, model):
    outputs = {"a": np.array([first]), "b": np.array([second])}
    weights = np.array([weight])
    return metric_types.StandardMetricInputs(
        prediction={model: outputs} if model else outputs,
        example_weight={model: weights} if model else weights,
    )


@pytest.mark.parametrize("model", ["", "candidate"], ids=["alone", "beside-a-baseline"])
def test_means_by_weight_over_parts(model):
    metric = Means(outputs={"A": "a", "B": "b"})
    (computation,) = metric.computations(model_names=[model], example_weighted=True)
    combiner = computation.combiner
    parts = [
        combiner.add_input(combiner.create_accumulator(), inputs(1.0, 4.0, 1.0, model)),
        combiner.add_input(combiner.create_accumulator(), inputs(0.0, 8.0, 3.0, model)),
        combiner.add_input(combiner.create_accumulator(), inputs(9.0, 9.0, 0.0, model)),
    ]
    found = combiner.extract_output(combiner.merge_accumulators(parts))
    # a: (1·1 + 3·0) / 4, b: (1·4 + 3·8) / 4; the last weighs nothing
    assert {key.name: value for key, value in found.items()} == {"A": 0.25, "B": 7.0}
    assert all(key.model_name == model for key in found)


def test_a_mean_of_nothing_can_be_divided_by():
    (computation,) = Means(outputs={"A": "a"}).computations(example_weighted=True)
    (value,) = computation.combiner.extract_output((2.0, np.zeros(1))).values()
    assert value == ALMOST_NOTHING
    assert (0.5 - value) / value > -0.1  # which is how TFMA decides about a change


def test_an_output_that_an_older_bundle_does_not_tell_is_no_number():
    (computation,) = Means(outputs={"A": "a", "C": "c"}).computations(example_weighted=True)
    combiner = computation.combiner
    told = combiner.add_input(combiner.create_accumulator(), inputs(1.0, 4.0, 1.0, ""))
    found = {key.name: value for key, value in combiner.extract_output(told).items()}
    assert found["A"] == 1
    assert np.isnan(found["C"])


def test_no_weight_is_no_number():
    (computation,) = Means(outputs={"A": "a"}).computations(example_weighted=True)
    (value,) = computation.combiner.extract_output((0.0, np.zeros(1))).values()
    assert np.isnan(value)
