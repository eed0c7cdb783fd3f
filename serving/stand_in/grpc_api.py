"""gRPC API: PredictionService and ModelService."""

import concurrent.futures
import logging
from collections.abc import Callable
from typing import Any

import grpc
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.stand_in.errors import ServingError, StatusCode
from serving.stand_in.requests import Requests

LARGEST_MESSAGE = 64 * 2**20
WAITING_REQUESTS = 256
"""Largest number of requests that run or wait; beyond it RESOURCE_EXHAUSTED comes at once."""

LONGEST_SECONDS = 86_400.0
"""A longer deadline counts as none."""

log = logging.getLogger(__name__)


class Prediction(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Prediction service: predictions and signatures."""

    def __init__(self, requests: Requests) -> None:
        """Answers with `requests`."""
        self._requests = requests

    def Predict(  # noqa: N802
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        """Runs a signature within the client's deadline."""
        left = context.time_remaining()
        if left is not None and left > LONGEST_SECONDS:  # centuries, where there is no deadline
            left = None
        return _or_abort(context, lambda: self._requests.predict(request, left))

    def GetModelMetadata(  # noqa: N802
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, context: grpc.ServicerContext
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Returns the signatures of a model."""
        return _or_abort(context, lambda: self._requests.metadata(request))

    def Classify(self, request: Any, context: grpc.ServicerContext) -> None:  # noqa: N802
        """Refuses: no signature of the bundle is for it."""
        context.abort(StatusCode.UNIMPLEMENTED, "The local stand-in answers Predict only.")

    Regress = MultiInference = Classify


class Model(model_service_pb2_grpc.ModelServiceServicer):
    """Model service: states of versions."""

    def __init__(self, requests: Requests) -> None:
        """Answers with `requests`."""
        self._requests = requests

    def GetModelStatus(  # noqa: N802
        self, request: get_model_status_pb2.GetModelStatusRequest, context: grpc.ServicerContext
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Returns the states of the versions of a model."""
        return _or_abort(context, lambda: self._requests.served.status(request.model_spec))

    def HandleReloadConfigRequest(  # noqa: N802
        self, request: model_management_pb2.ReloadConfigRequest, context: grpc.ServicerContext
    ) -> None:
        """Refuses: a client would choose which folders are read."""
        context.abort(
            StatusCode.PERMISSION_DENIED,
            "No client chooses what is loaded: change models.config, which is read again.",
        )


def create_server(requests: Requests, address: str, threads: int) -> tuple[grpc.Server, int]:
    """Creates the gRPC server.

    Args:
        requests: Handler of the requests.
        address: `host:port` to listen on; port 0 is any that is free.
        threads: Number of requests that run at once.

    Returns:
        The server, not started yet, and its port.

    Raises:
        OSError: The port can't be had.
    """
    server = grpc.server(
        concurrent.futures.ThreadPoolExecutor(threads, thread_name_prefix="grpc"),
        maximum_concurrent_rpcs=WAITING_REQUESTS,
        options=[
            ("grpc.max_receive_message_length", LARGEST_MESSAGE),
            ("grpc.max_send_message_length", LARGEST_MESSAGE),
            ("grpc.so_reuseport", 0),
        ],
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        Prediction(requests), server
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(Model(requests), server)
    try:
        return server, server.add_insecure_port(address)
    except RuntimeError as error:
        raise OSError(f"Can't listen to gRPC on {address}: is the port in use?") from error


def _or_abort(context: grpc.ServicerContext, answer: Callable[[], Any]) -> Any:
    try:
        return answer()
    except ServingError as error:
        context.abort(error.code, error.message)
