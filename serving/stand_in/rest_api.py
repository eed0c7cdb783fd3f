"""REST API v1, as a WSGI application."""

import json
import logging
import re
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import google.protobuf.json_format
from tensorflow_serving.apis import get_model_metadata_pb2, model_pb2
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from serving.stand_in import rest_paths
from serving.stand_in.errors import ServingError, StatusCode, invalid
from serving.stand_in.requests import SIGNATURES, Requests

LARGEST_BODY = 16 * 2**20
METRICS_PATH = "/monitoring/prometheus/metrics"
CORS_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, GET",
    "Access-Control-Allow-Headers": "Content-Type",
}
GZIP = zlib.MAX_WBITS | 16

log = logging.getLogger(__name__)


class RestApi:
    """WSGI application of the REST API."""

    def __init__(
        self, requests: Requests, metrics_path: str | None, timeout: float, cors: bool = False
    ) -> None:
        """Creates the application.

        Args:
            requests: Handler of the requests.
            metrics_path: Path of the Prometheus page, or None to disable it.
            timeout: Seconds that the graph may take.
            cors: Whether pages of any origin may ask.
        """
        self._requests = requests
        self._metrics_path = metrics_path
        self._timeout = timeout
        self._cors = cors

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answers a request, as WSGI prescribes."""
        return self.respond(Request(environ))(environ, start_response)

    def respond(self, request: Request) -> Response:
        """Answers a request."""
        if request.path == self._metrics_path and request.method == "GET":
            return Response(self._requests.metrics.page(), mimetype="text/plain")
        if not request.path.lower().startswith("/v1/"):
            return _error(404, f"Not Found: {request.path}")
        try:
            response = self._answer(request)
        except ServingError as error:
            response = _error(error.http_status, error.message)
        except HTTPException as error:
            response = _error(error.code or 500, error.description or error.name)
        if self._cors:
            response.headers.update(CORS_HEADERS)
        return response

    def _answer(self, request: Request) -> Response:
        path = request.environ["REQUEST_URI"]
        place = rest_paths.parse(request.method, path)
        with self._requests.counted(place.name, place.api, "REST"):
            if request.method == "OPTIONS":
                return _preflight(request)
            spec = place.spec()
            if place.method is None:
                raise invalid(f"Malformed request: {request.method} {path}")
            if not place.name:
                raise invalid("Missing model name in request.")
            return _json(200, self._asked(place.method, spec, request))

    def _asked(self, method: str, spec: model_pb2.ModelSpec, request: Request) -> object:
        if method == rest_paths.PREDICT:
            return self._requests.predict_json(spec, _body(request), self._timeout)
        if method == rest_paths.METADATA:
            return self._metadata(spec)
        if method == rest_paths.STATUS:
            return _message(self._requests.served.status(spec))
        raise ServingError(StatusCode.UNIMPLEMENTED, "The local stand-in answers predict only.")

    def _metadata(self, spec: model_pb2.ModelSpec) -> object:
        asked = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=[SIGNATURES])
        asked.model_spec.CopyFrom(spec)
        response = self._requests.metadata(asked)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        response.metadata[SIGNATURES].Unpack(signatures)
        return {
            "model_spec": {
                "name": response.model_spec.name,
                "signature_name": "",
                "version": str(response.model_spec.version.value),
            },
            "metadata": {SIGNATURES: _message(signatures)},
        }


def _preflight(request: Request) -> Response:
    """Answers what a browser asks before it asks another origin."""
    if not re.search("https?://", request.headers.get("Origin", "")):
        raise ServingError(
            StatusCode.FAILED_PRECONDITION, "Origin header is missing in CORS preflight"
        )
    return Response()


def _body(request: Request) -> bytes:
    """Returns the body of a request; empty, as TensorFlow Serving has it, if it can't be unpacked.

    Raises:
        ServingError: It is too large once unpacked.
    """
    body = request.get_data()
    if "gzip" not in request.headers.get("Content-Encoding", ""):
        return body
    unpacking = zlib.decompressobj(GZIP)
    try:
        body = unpacking.decompress(body, LARGEST_BODY + 1)
    except zlib.error:
        return b""
    if len(body) > LARGEST_BODY:
        raise ServingError(
            StatusCode.RESOURCE_EXHAUSTED, f"A body has at most {LARGEST_BODY} bytes."
        )
    return body if unpacking.eof else b""


def _message(message: object) -> object:
    return google.protobuf.json_format.MessageToDict(
        message, including_default_value_fields=True, preserving_proto_field_name=True
    )


def _json(status: int, value: object) -> Response:
    """Returns an answer of JSON, or of a value that is to be JSON."""
    text = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False)
    body = text if isinstance(text, bytes) else text.encode(errors="replace")
    return Response(body, status=status, mimetype="application/json")


def _error(status: int, message: str) -> Response:
    return _json(status, {"error": message})
