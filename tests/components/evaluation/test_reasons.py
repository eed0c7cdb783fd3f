"""What is said of thresholds that failed."""

from google.protobuf import text_format
from tensorflow_model_analysis.proto import validation_result_pb2

from components.evaluation import reasons

FAILURES = """
metric_validations_per_slice {
  slice_key {}
  failures {
    metric_key { name: "hit@10" model_name: "candidate" }
    metric_threshold { value_threshold { lower_bound { value: 0.9 } } }
    metric_value { double_value { value: 0.25 } }
  }
  failures {
    metric_key { name: "hit@10" model_name: "candidate" is_diff: true }
    metric_threshold { change_threshold { relative { value: -0.1 } } }
    metric_value { double_value { value: -0.05 } }
  }
  failures {
    metric_key { name: "hit@10 over popular" }
    metric_threshold { value_threshold { lower_bound { value: 0 } } }
    metric_value { double_value { value: -0.15 } }
  }
  failures { metric_key { name: "mrr" } message: "Metric not\\n   found." }
}
metric_validations_per_slice {
  slice_key { single_slice_keys { column: "gender" bytes_value: "F" } }
  failures {
    metric_key { name: "hit@10" is_diff: true }
    metric_threshold { change_threshold { relative { value: -0.1 } } }
    metric_value { double_value { value: -0.2 } }
  }
}
"""
BUNDLE = {"": {"hit@10": 0.25, "popular hit@10": 0.4}}
SERVED = {"": {"hit@10": 0.3}, "gender:F": {"hit@10": 0.5}}


def test_reasons_name_metric_slice_value_threshold_and_baseline():
    result = text_format.Parse(FAILURES, validation_result_pb2.ValidationResult())
    assert reasons.explain(result, BUNDLE, SERVED) == [
        "hit@10 (all users) is 0.2500, 0.6500 below the threshold 0.9000",
        "hit@10 (all users) is 0.2500, 0.0200 below the threshold 0.2700 "
        "(the served bundle's 0.3000 less 10.0%)",
        "hit@10 over popular (all users) is -0.1500, 0.1500 below the threshold 0.0000 "
        "(hit@10 0.2500, popular hit@10 0.4000)",
        "mrr (all users): Metric not found.",
        "hit@10 (gender:F) is 0.3000, 0.1500 below the threshold 0.4500 "
        "(the served bundle's 0.5000 less 10.0%)",
    ]


def test_nothing_evaluated_is_a_reason():
    result = validation_result_pb2.ValidationResult(missing_thresholds=True)
    assert reasons.explain(result, {}, {}) == ["no threshold was evaluated"]
