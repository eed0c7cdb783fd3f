import pytest
import tensorflow as tf

from pipeline.monitoring import cause
from pipeline.runs import recorded_run


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("Mend it:\n  a\n\n  b"), "ValueError: Mend it: | a | b"),
        (KeyError(), "KeyError"),
    ],
    ids=["several-lines", "no-message"],
)
def test_one_line(error, line):
    assert cause.on_one_line(error) == line


def test_a_file_error_of_tensorflow_has_a_remedy_and_says_nothing_of_the_graph(tmp_path):
    with pytest.raises(tf.errors.NotFoundError) as found:
        tf.io.read_file(str(tmp_path / "gone"))
    assert "movielens serving verify" in cause.remedy(found.value)
    line = cause.on_one_line(found.value)
    assert str(tmp_path / "gone") in line and "function_node" not in line and "[Op" not in line


@pytest.mark.parametrize(
    "error",
    [ValueError("no"), FileNotFoundError("no"), tf.errors.InvalidArgumentError(None, None, "no")],
)
def test_other_errors_have_none(error):
    assert cause.remedy(error) == ""


def test_a_component_that_fails_for_a_file_says_what_to_do():
    error = tf.errors.PermissionDeniedError(None, None, "/data/ratings.csv; Permission denied")
    with pytest.raises(recorded_run.ComponentError) as failed:
        recorded_run.fail("Evaluator", error, "/log")
    assert str(failed.value).splitlines() == [
        "Evaluator failed: PermissionDeniedError: /data/ratings.csv; Permission denied. Give "
        "whoever runs this the right to read and write it.",
        "The whole trace is in /log",
    ]
