"""The exception of requests that fail, with the status codes of gRPC and of HTTP."""

import grpc
import tensorflow as tf

StatusCode = grpc.StatusCode

HTTP_STATUS = {
    StatusCode.OK: 200,
    StatusCode.CANCELLED: 499,
    StatusCode.INVALID_ARGUMENT: 400,
    StatusCode.FAILED_PRECONDITION: 400,
    StatusCode.OUT_OF_RANGE: 400,
    StatusCode.UNAUTHENTICATED: 401,
    StatusCode.PERMISSION_DENIED: 403,
    StatusCode.NOT_FOUND: 404,
    StatusCode.ABORTED: 409,
    StatusCode.ALREADY_EXISTS: 409,
    StatusCode.RESOURCE_EXHAUSTED: 429,
    StatusCode.UNIMPLEMENTED: 501,
    StatusCode.UNAVAILABLE: 503,
    StatusCode.DEADLINE_EXCEEDED: 504,
}
"""TensorFlow Serving's HTTP status by gRPC code; every other code is 500."""

_BY_NUMBER = {code.value[0]: code for code in StatusCode}


class ServingError(Exception):
    """A request that can't be answered."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        """Keeps the code and the message for the client."""
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def http_status(self) -> int:
        """The HTTP status that TensorFlow Serving's REST API gives for the code."""
        return HTTP_STATUS.get(self.code, 500)


def invalid(message: str) -> ServingError:
    """Returns the error of a request that is wrong in itself."""
    return ServingError(StatusCode.INVALID_ARGUMENT, message)


def from_tensorflow(error: tf.errors.OpError) -> ServingError:
    """Returns the error that TensorFlow raised, with its own code."""
    return ServingError(_BY_NUMBER[error.error_code], error.message)
