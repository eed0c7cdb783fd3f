"""A version of a model, and the states that it passes through."""

import dataclasses

import grpc
from tensorflow_serving.apis import get_model_status_pb2

from serving.stand_in.errors import StatusCode
from serving.stand_in.servable import Servable

State = get_model_status_pb2.ModelVersionStatus.State
START, LOADING, AVAILABLE, UNLOADING, END = (
    State.Value(name) for name in ("START", "LOADING", "AVAILABLE", "UNLOADING", "END")
)


@dataclasses.dataclass
class Version:
    """A version of a model, its state, and the last error of loading it."""

    number: int
    path: str
    state: int = START
    code: grpc.StatusCode = StatusCode.OK
    message: str = ""
    servable: Servable | None = None
    attempts: int = 0
    next_attempt: float = 0.0
    unwanted: bool = False
    """Set once the version should not be served any more. If it is wanted again, it starts anew."""
