"""REST API v1, as a WSGI application."""

import json
import logging
import re
from collections.abc import Callable, Iterable
from typing import Any

import google.protobuf.json_format
from tensorflow_serving.apis import get_model_metadata_pb2, model_pb2
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from serving.stand_in.errors import ServingError, StatusCode, invalid
from serving.stand_in.requests import SIGNATURES, Requests
from serving.version_folders import LARGEST_VERSION

LARGEST_BODY = 16 * 2**20
METRICS_PATH = "/monitoring/prometheus/metrics"

_MODEL = r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_PREDICT = re.compile(_MODEL + r":(?P<method>classify|regress|predict)", re.IGNORECASE | re.ASCII)
_METADATA = re.compile(_MODEL + "/metadata", re.IGNORECASE | re.ASCII)
_STATUS = re.compile(_MODEL, re.IGNORECASE | re.ASCII)
log = logging.getLogger(__name__)


class RestApi:
    """WSGI application of the REST API."""

    def __init__(self, requests: Requests, metrics_path: str | None, timeout: float) -> None:
        """Creates the application.

        Args:
            requests: Handler of the requests.
            metrics_path: Path of the Prometheus page, or None to disable it.
            timeout: Seconds that the graph may take.
        """
        self._requests = requests
        self._metrics_path = metrics_path
        self._timeout = timeout

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answers a request, as WSGI prescribes."""
        return self.respond(Request(environ))(environ, start_response)

    def respond(self, request: Request) -> Response:
        """Answers a request."""
        try:
            if request.path == self._metrics_path and request.method == "GET":
                return Response(self._requests.metrics.page(), mimetype="text/plain")
            if not request.path.lower().startswith("/v1/"):
                return _error(404, f"Not Found: {request.path}")
            return _json(200, self._answer(request))
        except ServingError as error:
            return _error(error.http_status, error.message)
        except HTTPException as error:
            return _error(error.code or 500, error.description or error.name)

    def _answer(self, request: Request) -> object:
        path = request.path
        answers: dict[str, tuple[tuple[re.Pattern[str], Callable[..., object]], ...]] = {
            "POST": ((_PREDICT, self._predict),),
            "GET": ((_METADATA, self._metadata), (_STATUS, self._status)),
        }
        for pattern, answer in answers.get(request.method, ()):
            match = pattern.fullmatch(path)
            if match:
                return answer(request, match, _spec(match))
        if request.method == "GET" and re.fullmatch("/v1/models/?", path, re.IGNORECASE):
            raise invalid("Missing model name in request.")
        raise invalid(f"Malformed request: {request.method} {path}")

    def _predict(self, request: Request, match: re.Match, spec: model_pb2.ModelSpec) -> object:
        if match["method"].lower() != "predict":
            raise ServingError(StatusCode.UNIMPLEMENTED, "The local stand-in answers predict only.")
        return self._requests.predict_json(spec, request.get_data(), self._timeout)

    def _metadata(self, request: Request, match: re.Match, spec: model_pb2.ModelSpec) -> object:
        del request, match
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

    def _status(self, request: Request, match: re.Match, spec: model_pb2.ModelSpec) -> object:
        del request, match
        return _message(self._requests.served.status(spec))


def _spec(match: re.Match) -> model_pb2.ModelSpec:
    spec = model_pb2.ModelSpec(name=match["name"])
    if match["version"]:
        if len(match["version"]) > 30 or int(match["version"]) > LARGEST_VERSION:
            raise invalid(f"Failed to convert version: {match['version']} to numeric.")
        spec.version.value = int(match["version"])
    if match["label"]:
        spec.version_label = match["label"]
    return spec


def _message(message: object) -> object:
    return google.protobuf.json_format.MessageToDict(
        message, including_default_value_fields=True, preserving_proto_field_name=True
    )


def _json(status: int, value: object) -> Response:
    """Returns an answer of JSON, or of a value that is to be JSON."""
    text = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False)
    return Response(text, status=status, mimetype="application/json")


def _error(status: int, message: str) -> Response:
    return _json(status, {"error": message})
