"""gRPC API: PredictionService and ModelService."""

import concurrent.futures
import hmac
import logging
import secrets
from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf.message import DecodeError, Message
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.stand_in.errors import ServingError, StatusCode, invalid
from serving.stand_in.requests import Requests

LARGEST_MESSAGE = 16 * 2**20
WAITING = 4
"""Requests that may wait, for each thread; beyond it RESOURCE_EXHAUSTED comes at once."""

LONGEST_SECONDS = 86_400.0
"""A longer deadline counts as none."""

PREDICTION_SERVICE = "tensorflow.serving.PredictionService"
MODEL_SERVICE = "tensorflow.serving.ModelService"

log = logging.getLogger(__name__)

Answer = Callable[[Any, "float | None"], Message]
"""Answers a request within the seconds that are left, if there is a deadline."""


class Api:
    """Methods of both services.

    They parse their requests themselves: grpc would log a traceback for each that can't be parsed.
    """

    def __init__(self, requests: Requests, token: str = "") -> None:
        """Answers with `requests` whoever has the token; without one, everybody."""
        self._token = token
        self._methods: dict[str, dict[str, tuple[type[Message], Answer]]] = {
            PREDICTION_SERVICE: {
                "Predict": (predict_pb2.PredictRequest, requests.predict),
                "GetModelMetadata": (
                    get_model_metadata_pb2.GetModelMetadataRequest,
                    lambda request, _: requests.metadata(request),
                ),
                "Classify": (
                    classification_pb2.ClassificationRequest,
                    lambda request, _: _refuse_counted(requests, request, "Classify"),
                ),
                "Regress": (
                    regression_pb2.RegressionRequest,
                    lambda request, _: _refuse_counted(requests, request, "Regress"),
                ),
                "MultiInference": (inference_pb2.MultiInferenceRequest, _refuse),
            },
            MODEL_SERVICE: {
                "GetModelStatus": (
                    get_model_status_pb2.GetModelStatusRequest,
                    lambda request, _: _status(requests, request),
                ),
                "HandleReloadConfigRequest": (
                    model_management_pb2.ReloadConfigRequest,
                    _no_client_chooses,
                ),
            },
        }

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        """Returns the services, as a server takes them."""
        return [
            grpc.method_handlers_generic_handler(
                service,
                {
                    name: grpc.unary_unary_rpc_method_handler(
                        _handler(name, kind, answer, self._token),
                        response_serializer=lambda message: message.SerializeToString(),
                    )
                    for name, (kind, answer) in methods.items()
                },
            )
            for service, methods in self._methods.items()
        ]


def _status(
    requests: Requests, request: get_model_status_pb2.GetModelStatusRequest
) -> get_model_status_pb2.GetModelStatusResponse:
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")
    return requests.served.status(request.model_spec)


def _refuse_counted(requests: Requests, request: Any, api: str) -> Message:
    with requests.counted(request.model_spec.name, api, "GRPC"):
        return _refuse(request, None)


def _refuse(request: Message, left: float | None) -> Message:
    raise ServingError(StatusCode.UNIMPLEMENTED, "The local stand-in answers Predict only.")


def _no_client_chooses(request: Message, left: float | None) -> Message:
    """Refuses: a client would choose which folders are read."""
    raise ServingError(
        StatusCode.PERMISSION_DENIED,
        "No client chooses what is loaded: change models.config, which is read again.",
    )


def _handler(
    name: str, kind: type[Message], answer: Answer, token: str
) -> Callable[[bytes, grpc.ServicerContext], Message]:
    """Returns a method that answers every request, whatever it is, with an error of the API."""

    def handle(text: bytes, context: grpc.ServicerContext) -> Message:
        left = context.time_remaining()
        if token and not _has_token(context, token):
            context.abort(StatusCode.UNAUTHENTICATED, "A token is needed: authorization: Bearer …")
        if left is not None and left > LONGEST_SECONDS:  # centuries, where there is no deadline
            left = None
        try:
            request = kind.FromString(text)
        except (
            DecodeError,
            SystemError,
        ) as error:  # protobuf in C++ turns warnings into the latter
            context.abort(StatusCode.INTERNAL, f"The request is not a {kind.__name__}: {error}")
        try:
            return answer(request, left)
        except ServingError as error:
            context.abort(error.code, error.message)
        except Exception:
            number = secrets.token_hex(4)
            log.exception("Internal error %s: %s", number, name)
            context.abort(
                StatusCode.INTERNAL,
                f"Internal error {number}; the server's log says more under this number.",
            )
        raise AssertionError("abort raises")

    return handle


def _has_token(context: grpc.ServicerContext, token: str) -> bool:
    given = dict(context.invocation_metadata()).get("authorization", "")
    return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())


def create_server(
    requests: Requests,
    address: str,
    threads: int,
    token: str = "",
    credentials: grpc.ServerCredentials | None = None,
) -> grpc.Server:
    """Creates the gRPC server.

    Args:
        requests: Handler of the requests.
        address: `host:port` to listen on.
        threads: Number of requests that run at once.
        token: Bearer token that requests must carry; empty: none.
        credentials: Certificate and key; by default without TLS.

    Returns:
        The server, not started yet.

    Raises:
        OSError: The port can't be had.
    """
    server = grpc.server(
        concurrent.futures.ThreadPoolExecutor(threads, thread_name_prefix="grpc"),
        handlers=Api(requests, token).handlers(),
        maximum_concurrent_rpcs=threads * (1 + WAITING),
        options=[
            ("grpc.max_receive_message_length", LARGEST_MESSAGE),
            ("grpc.max_send_message_length", LARGEST_MESSAGE),
            ("grpc.so_reuseport", 0),
        ],
    )
    try:
        if credentials:
            server.add_secure_port(address, credentials)
        else:
            server.add_insecure_port(address)
    except RuntimeError as error:
        raise OSError(f"Can't listen to gRPC on {address}: is the port in use?") from error
    return server
