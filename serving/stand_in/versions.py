"""What a version is, and which there are under a base path, as TensorFlow Serving reads names."""

import dataclasses
import os

import grpc
from tensorflow_serving.apis import get_model_status_pb2

from serving.stand_in.configuration import LARGEST_VERSION
from serving.stand_in.errors import StatusCode
from serving.stand_in.servable import Servable

State = get_model_status_pb2.ModelVersionStatus.State
START, LOADING, AVAILABLE, UNLOADING, END = (
    State.Value(name) for name in ("START", "LOADING", "AVAILABLE", "UNLOADING", "END")
)


@dataclasses.dataclass
class Version:
    """One version of a model, and what became of it."""

    number: int
    path: str
    state: int = START
    code: grpc.StatusCode = StatusCode.OK
    message: str = ""
    servable: Servable | None = None
    attempts: int = 0
    next_attempt: float = 0.0
    unwanted: bool = False
    """It should not be served any more; if that changes, it is a new one."""


def find(base_path: str) -> dict[int, str] | None:
    """Returns the path of every version, by number.

    A version is a child whose name is a number: `00000123` is 123, `1.tmp` is none.

    Returns:
        None where there is no folder, which says nothing about the versions: what is loaded stays.
        An empty dictionary where the folder is empty, which says that nothing should be served.
    """
    try:
        names = sorted(os.listdir(base_path))
    except OSError:
        return None
    return {
        int(name): os.path.join(base_path, name)
        for name in names
        if name.isascii() and name.isdecimal() and int(name) <= LARGEST_VERSION
    }
