import pytest
import tensorflow as tf

from serving.stand_in import errors
from serving.stand_in.errors import ServingError, StatusCode


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (StatusCode.INVALID_ARGUMENT, 400),
        (StatusCode.FAILED_PRECONDITION, 400),
        (StatusCode.NOT_FOUND, 404),
        (StatusCode.UNAVAILABLE, 503),
        (StatusCode.DATA_LOSS, 500),  # one that the table does not name
        (StatusCode.INTERNAL, 500),
    ],
)
def test_http_status_of_a_code(code, status):
    assert ServingError(code, "why").http_status == status


def test_an_error_of_tensorflow_keeps_its_code_and_message():
    error = errors.from_tensorflow(tf.errors.OutOfRangeError(None, None, "row 7"))
    assert (error.code, error.message) == (StatusCode.OUT_OF_RANGE, "row 7")


def test_invalid_says_that_the_request_is_wrong():
    assert errors.invalid("no x").code is StatusCode.INVALID_ARGUMENT
