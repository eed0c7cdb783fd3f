"""gRPC transport. Needs no TensorFlow."""

from collections.abc import Callable, Mapping
from typing import Any

import grpc
from google.protobuf.message import Message

from serving import bearer
from serving.client import messages
from serving.client.transport import (
    DEADLINE_SECONDS,
    MODEL,
    NO_SUCH_LABEL,
    Prediction,
    RequestRefused,
    ServingUnavailable,
    Transient,
    decode_texts,
    until_deadline,
)

RETRIED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)
OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)


class GrpcTransport:
    """A channel to a model server, safe to share between threads."""

    def __init__(
        self,
        address: str,
        model: str = MODEL,
        label: str = "",
        deadline: float = DEADLINE_SECONDS,
        tls: bool = False,
        ca_file: str = "",
        server_name: str = "",
        token_file: str = "",
    ) -> None:
        """Opens a channel; nothing is sent yet.

        Args:
            address: `host:port` of the server.
            model: Name of the served model.
            label: Version label, such as `stable`; by default the latest version answers.
            deadline: Seconds that a request may take, retries included.
            tls: Whether the server speaks TLS.
            ca_file: Certificates that the server's is checked against, PEM; by default those of
                well-known authorities. Implies `tls`.
            server_name: Name that the server's certificate is for; by default that of the address.
            token_file: File of a bearer token, read for every request. Without TLS it is sent to
                this machine only.

        Raises:
            ValueError: The token would be sent in the clear.
            OSError: `ca_file` can't be read.
        """
        tls = tls or bool(ca_file)
        if token_file:
            bearer.check_private(f"{'https' if tls else 'http'}://{address}", token_file)
        self._token_file = token_file
        self._address = address
        self._model = model
        self._label = label
        self._deadline = deadline
        self._channel = _channel(address, tls, ca_file, server_name)
        self._predict = self._channel.unary_unary(
            messages.PREDICT,
            request_serializer=messages.PredictRequest.SerializeToString,
            response_deserializer=messages.PredictResponse.FromString,
        )
        self._metadata = self._channel.unary_unary(
            messages.METADATA,
            request_serializer=messages.MetadataRequest.SerializeToString,  # the answer isn't read
        )

    def predict(self, signature: str, inputs: Mapping[str, Any]) -> Prediction:
        """Runs a signature; see `Transport`."""
        request = messages.PredictRequest()
        request.model_spec.name = self._model
        request.model_spec.signature_name = signature
        if self._label:
            request.model_spec.version_label = self._label
        for name, value in inputs.items():
            messages.write(value, request.inputs.add(key=name).value)
        response = self._send(self._predict, request)
        outputs = {
            output.key: decode_texts(messages.read(output.value)) for output in response.outputs
        }
        return Prediction(outputs, response.model_spec.version.value)

    def has_label(self) -> bool:
        """Returns whether some version has the label of this transport.

        It asks for metadata, which TensorFlow Serving counts neither as answered nor as refused.

        Raises:
            ServingUnavailable: No answer came within the deadline.
            RequestRefused: The model is not served.
        """
        request = messages.MetadataRequest(metadata_field=["signature_def"])
        request.model_spec.name = self._model
        request.model_spec.version_label = self._label
        try:
            self._send(self._metadata, request)
        except RequestRefused as error:
            if NO_SUCH_LABEL not in str(error):
                raise
            return False
        return True

    def _send(self, method: Callable[..., Any], request: Message) -> Any:
        return until_deadline(
            lambda left: self._attempt(method, request, left), self._deadline, self._address
        )

    def _attempt(self, method: Callable[..., Any], request: Message, left: float) -> Any:
        try:
            metadata = [(k.lower(), v) for k, v in bearer.header(self._token_file).items()]
            return method(request, timeout=left, wait_for_ready=True, metadata=metadata)
        except grpc.RpcError as error:
            message = f"{error.code().name}: {error.details()}"
            if error.code() in RETRIED:
                raise Transient(message) from error
            if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                raise ServingUnavailable(f"No answer from {self._address}: {message}") from error
            raise RequestRefused(message) from error

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()

    def __enter__(self) -> "GrpcTransport":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _channel(address: str, tls: bool, ca_file: str, server_name: str) -> grpc.Channel:
    if not tls:
        return grpc.insecure_channel(address, options=OPTIONS)
    authorities = None
    if ca_file:
        with open(ca_file, "rb") as file:
            authorities = file.read()
    named = (("grpc.ssl_target_name_override", server_name),) if server_name else ()
    return grpc.secure_channel(
        address, grpc.ssl_channel_credentials(authorities), options=(*OPTIONS, *named)
    )
