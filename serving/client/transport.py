"""What a transport promises, and how it retries: until a deadline, whatever is worth retrying."""

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import numpy as np
import tenacity

DEADLINE_SECONDS = 10.0
MODEL = "movielens"
T = TypeVar("T")


class ServingUnavailable(OSError):  # noqa: N818
    """No answer came within the deadline. The same request may be answered later."""


class RequestRefused(ValueError):  # noqa: N818
    """The server says that the request is wrong. Sending it again will not help."""


class Transient(Exception):  # noqa: N818
    """An attempt failed that is worth another one."""


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What a signature answered."""

    outputs: Mapping[str, np.ndarray]
    """By name; texts are str."""

    version: int | None
    """The version that answered; REST does not tell."""


class Transport(Protocol):
    """Sends requests to a model server."""

    def predict(self, signature: str, inputs: Mapping[str, Any]) -> Prediction:
        """Runs a signature.

        Args:
            signature: Its name.
            inputs: Nested lists or arrays by name; texts as str.

        Raises:
            ServingUnavailable: No answer within the deadline.
            RequestRefused: The server refused the request.
        """


def until_deadline(attempt: Callable[[float], T], deadline: float, where: str) -> T:
    """Returns what `attempt` returns, trying again with growing random pauses.

    Args:
        attempt: Called with the seconds that are left; raises `Transient` if worth a retry.
        deadline: Seconds for all attempts together.
        where: Named in the error.

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
            f"No answer from {where} within {deadline:g} s: {error}"
        ) from error
