"""Request handling, shared by both APIs, with its metrics."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator

from google.protobuf import any_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, model_pb2, predict_pb2

from serving.stand_in import json_tensors, tensors
from serving.stand_in.errors import ServingError, StatusCode, invalid
from serving.stand_in.metrics import Metrics
from serving.stand_in.servable import DEFAULT_SIGNATURE
from serving.stand_in.served import Served

SIGNATURES = "signature_def"


class Requests:
    """Handler of the requests of both APIs."""

    def __init__(self, served: Served, metrics: Metrics) -> None:
        """Creates a handler.

        Args:
            served: Registry of the versions.
            metrics: Metrics that count the requests.
        """
        self.served = served
        self.metrics = metrics
        self.converting = threading.Lock()
        """Held while texts and arrays are converted. Only one thread can do so at a time anyway; if
        all tried, connections would wait for each of them."""

    def predict(
        self, request: predict_pb2.PredictRequest, timeout: float | None
    ) -> predict_pb2.PredictResponse:
        """Answers a predict request of the gRPC API.

        Args:
            request: The request.
            timeout: Seconds that are left, or None without a deadline.

        Raises:
            ServingError: The request can't be answered.
        """
        with self.counted(request.model_spec.name, "Predict", "GRPC"):
            if not request.HasField("model_spec"):
                raise invalid("Missing ModelSpec")
            version, servable = self.served.use(request.model_spec)
            with servable:
                outputs, signature, took = servable.predict(request, timeout)
            self._note_runtime(request.model_spec.name, took)
            response = predict_pb2.PredictResponse()
            answered = request.model_spec.signature_name or DEFAULT_SIGNATURE
            response.model_spec.CopyFrom(_spec(request.model_spec, version, answered))
            for name, array in outputs.items():
                dtype = signature.outputs[name].dtype
                response.outputs[name].CopyFrom(tensors.to_proto(array, dtype))
            return response

    def predict_json(self, spec: model_pb2.ModelSpec, text: bytes, timeout: float) -> bytes:
        """Returns the answer to a predict request of the REST API, JSON; `counted` is the caller's.

        Raises:
            ServingError: The request can't be answered.
        """
        with self.converting:
            body = json_tensors.parse(text)
        _, servable = self.served.use(spec)
        with servable:
            signature = _rest_signature(servable.meta_graph, body.signature_name)
            with self.converting:
                inputs = json_tensors.inputs(body, signature.inputs, servable.max_batch)
            for name, array in inputs.items():
                tensors.check_shape(name, array.shape, signature.inputs[name])
            began = time.perf_counter()
            outputs = servable.run(signature, inputs, sorted(signature.outputs), timeout)
        self._note_runtime(spec.name, time.perf_counter() - began)
        with self.converting:
            answer = json_tensors.outputs(outputs, body.by_row)
            return json.dumps(answer, ensure_ascii=False).encode()

    def metadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Returns the signatures of a model.

        Raises:
            ServingError: The request can't be answered.
        """
        if not request.HasField("model_spec"):
            raise invalid("Missing ModelSpec")
        if not request.metadata_field:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != SIGNATURES:
                raise invalid(f"Metadata field {field} is not supported")
        version, servable = self.served.use(request.model_spec)
        with servable:
            signatures = get_model_metadata_pb2.SignatureDefMap()
            for name, signature in servable.meta_graph.signature_def.items():
                signatures.signature_def[name].CopyFrom(signature)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.CopyFrom(_spec(request.model_spec, version, ""))
        packed = any_pb2.Any()
        packed.Pack(signatures)
        response.metadata[SIGNATURES].CopyFrom(packed)
        return response

    def _note_runtime(self, name: str, seconds: float) -> None:
        self.metrics.runtime_latency.observe(seconds * 1e6, name, "Predict", "TF1")

    @contextlib.contextmanager
    def counted(self, name: str, api: str, entrypoint: str) -> Iterator[None]:
        """Counts a request by its status, and its latency if it succeeds.

        Args:
            name: Model that the request names, known or not.
            api: `Predict` over gRPC, `predict` over REST, empty for what REST is asked by GET:
                TensorFlow Serving spells them so.
            entrypoint: `GRPC` or `REST`.
        """
        name = name if self.served.known_name(name) else ""  # clients make up no time series
        began = time.perf_counter()
        status = StatusCode.INTERNAL  # an error that nobody foresaw
        try:
            yield
            status = StatusCode.OK
        except ServingError as error:
            status = error.code
            raise
        finally:
            self.metrics.requests.add(1, name, status.name)
            if status is StatusCode.OK:
                micros = (time.perf_counter() - began) * 1e6
                self.metrics.request_latency.observe(micros, name, api, entrypoint)


def _rest_signature(
    meta_graph: meta_graph_pb2.MetaGraphDef, name: str
) -> meta_graph_pb2.SignatureDef:
    name = name or DEFAULT_SIGNATURE
    if name not in list(meta_graph.signature_def):  # whose own `in` fails at what is no text
        raise invalid(f'Serving signature name: "{name}" not found in signature def')
    return meta_graph.signature_def[name]


def _spec(asked: model_pb2.ModelSpec, version: int, signature_name: str) -> model_pb2.ModelSpec:
    spec = model_pb2.ModelSpec(name=asked.name)
    spec.version.value = version
    spec.signature_name = signature_name
    return spec
