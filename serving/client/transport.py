"""The transport protocol, its errors, and retries until a deadline."""

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import numpy as np
import tenacity

DEADLINE_SECONDS = 10.0
MODEL = "movielens"
NO_SUCH_LABEL = "Unrecognized servable version label"
"""TensorFlow Serving's message about a label that no version has."""

T = TypeVar("T")


class ServingUnavailable(OSError):  # noqa: N818
    """No answer came within the deadline. The same request may be answered later."""


class RequestRefused(ValueError):  # noqa: N818
    """The server rejects the request. Sending it again will not help."""


class Transient(Exception):  # noqa: N818
    """An attempt failed and is worth another one."""


@dataclasses.dataclass(frozen=True)
class Prediction:
    """Answer of a signature."""

    outputs: Mapping[str, np.ndarray]
    """Output tensors by name; texts are `str`."""

    version: int | None
    """Number of the version that answered; None where the transport does not tell, as REST."""


class Transport(Protocol):
    """Anything that runs signatures of a served model."""

    def predict(self, signature: str, inputs: Mapping[str, Any]) -> Prediction:
        """Runs a signature.

        Args:
            signature: Name of the signature.
            inputs: Nested lists or arrays by name; texts as `str`.

        Raises:
            ServingUnavailable: No answer came within the deadline.
            RequestRefused: The server refused the request.
        """


def until_deadline(attempt: Callable[[float], T], deadline: float, server: str) -> T:
    """Calls `attempt` until it succeeds, with growing random pauses, and returns its result.

    Args:
        attempt: Function of the seconds that are left; raises `Transient` if worth a retry.
        deadline: Seconds that all attempts may take together.
        server: Address of the server, for the error.

    Raises:
        ServingUnavailable: Every attempt failed.
    """
    end = time.monotonic() + deadline
    retrying = tenacity.Retrying(
        stop=tenacity.stop_before_delay(deadline),
        wait=tenacity.wait_random_exponential(multiplier=0.05, max=1.0),
        retry=tenacity.retry_if_exception_type(Transient),
        reraise=True,
    )
    try:
        return retrying(lambda: attempt(max(0.001, end - time.monotonic())))
    except Transient as error:
        raise ServingUnavailable(
            f"No answer from {server} within {deadline:g} s: {error}"
        ) from error


def decode_texts(array: np.ndarray) -> np.ndarray:
    """Returns an array with its byte strings decoded; one of numbers unchanged."""
    if array.dtype != object:
        return array
    texts = np.empty(array.size, object)
    texts[:] = [value.decode() for value in array.ravel()]
    return texts.reshape(array.shape)
