"""A loaded version: a SavedModel in a TF1 session, as TensorFlow Serving runs it."""

import gc
import json
import os
import threading
import time
from collections.abc import Iterable, Mapping

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from serving.stand_in import memory, tensors
from serving.stand_in.errors import ServingError, StatusCode, from_tensorflow, invalid

DEFAULT_SIGNATURE = "serving_default"
WARM_UP = os.path.join("assets.extra", "tf_serving_warmup_requests")
WARM_UP_RECORDS = 1000
MANIFEST = os.path.join("assets.extra", "manifest.json")
LOAD_ERRORS = (
    OSError,
    tf.errors.OpError,
    ValueError,
    KeyError,
    TypeError,
    RuntimeError,
    DecodeError,
    ServingError,
)
"""Errors that TensorFlow's loader raises for a folder without a servable model."""

METHODS = tuple(f"tensorflow/serving/{method}" for method in ("predict", "classify", "regress"))


class Servable:
    """A version that answers, closed once it is retired and its last user has left."""

    def __init__(self, path: str, session_config: tf.compat.v1.ConfigProto) -> None:
        """Loads a SavedModel.

        Raises:
            LOAD_ERRORS: It can't be loaded.
        """
        self.path = path
        self.max_batch = _max_batch(path)
        """Largest number of rows of a request, where the version's manifest names one."""

        self.session = tf.compat.v1.Session(graph=tf.Graph(), config=session_config)
        try:
            self.meta_graph = tf.compat.v1.saved_model.loader.load(self.session, ["serve"], path)
        except BaseException:
            self.session.close()
            raise
        self._lock = threading.Lock()
        self._users = 0
        self._retired = False

    def signature(self, name: str) -> meta_graph_pb2.SignatureDef:
        """Returns a signature by name, by default `serving_default`.

        Raises:
            ServingError: There is none of that name.
        """
        name = name or DEFAULT_SIGNATURE
        if name not in self.meta_graph.signature_def:
            raise ServingError(
                StatusCode.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.'
            )
        return self.meta_graph.signature_def[name]

    def run(
        self,
        signature: meta_graph_pb2.SignatureDef,
        inputs: Mapping[str, np.ndarray],
        outputs: Iterable[str],
        timeout: float | None,
    ) -> dict[str, np.ndarray]:
        """Runs a signature.

        Args:
            signature: Signature of this model.
            inputs: Checked arrays by name.
            outputs: Names of the outputs to return.
            timeout: Seconds that the graph may take, or None for no limit.

        Raises:
            ServingError: The graph failed, or took too long.
        """
        options = tf.compat.v1.RunOptions(timeout_in_ms=max(1, int((timeout or 0) * 1000)))
        feed = {signature.inputs[name].name: value for name, value in inputs.items()}
        fetch = {name: signature.outputs[name].name for name in outputs}
        try:
            return self.session.run(fetch, feed, options=options if timeout else None)
        except tf.errors.OpError as error:
            raise from_tensorflow(error) from error
        except (ValueError, TypeError, UnicodeError) as error:  # the feed does not fit the graph
            raise invalid(str(error)) from error

    def warm_up(self) -> int:
        """Runs the requests of the version's own warm-up file, if there is one.

        Returns:
            The number of requests.

        Raises:
            ServingError, tf.errors.OpError: A record is corrupt or can't be answered.
        """
        path = os.path.join(self.path, WARM_UP)
        if not os.path.exists(path):
            return 0
        count = 0
        for record in tf.data.TFRecordDataset(path).as_numpy_iterator():
            count += 1
            if count > WARM_UP_RECORDS:
                raise invalid(f"{path} has more than {WARM_UP_RECORDS} records.")
            self._replay(record, path)
        return count

    def _replay(self, record: bytes, path: str) -> None:
        log = prediction_log_pb2.PredictionLog()
        try:
            log.ParseFromString(record)
        except DecodeError as error:
            raise ServingError(StatusCode.DATA_LOSS, f"{path}: {error}") from error
        kind = log.WhichOneof("log_type")
        if kind != "predict_log":
            raise ServingError(StatusCode.UNIMPLEMENTED, f"{path}: can't replay a {kind}.")
        self.predict(log.predict_log.request, None)

    def predict(
        self, request: predict_pb2.PredictRequest, timeout: float | None
    ) -> tuple[dict[str, np.ndarray], meta_graph_pb2.SignatureDef, float]:
        """Answers a request.

        Returns:
            The outputs by name, the signature, and the seconds that the graph took.

        Raises:
            ServingError: The request does not fit the signature, or the graph failed.
        """
        signature = self.signature(request.model_spec.signature_name)
        if signature.method_name not in METHODS:
            raise ServingError(
                StatusCode.INTERNAL,
                f"Expected prediction signature method_name to be one of {METHODS}. Was: "
                f"{signature.method_name}",
            )
        _check_names(signature, set(request.inputs))
        inputs = {}
        for name, proto in request.inputs.items():
            info = signature.inputs[name]
            inputs[name] = tensors.from_proto(name, proto, info, self.max_batch)
        outputs = _outputs(signature, list(request.output_filter))
        began = time.perf_counter()
        answer = self.run(signature, inputs, outputs, timeout)
        return answer, signature, time.perf_counter() - began

    def __enter__(self) -> "Servable":
        return self

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._users -= 1
            idle = self._retired and not self._users
        if idle:
            self._unload()

    def enter(self) -> bool:
        """Adds a user, who then leaves by `with`; returns False if the version is retired."""
        with self._lock:
            self._users += not self._retired
            return not self._retired

    def retire(self) -> None:
        """Admits no further user; closes the session now, or when the last user leaves."""
        with self._lock:
            self._retired = True
            idle = not self._users
        if idle:
            self._unload()

    def _unload(self) -> None:
        """Gives the memory of the graph back to the system."""
        if self.session is None:
            return
        self.session.close()
        self.session = None
        gc.collect()  # a graph is full of cycles
        memory.trim()


def _max_batch(path: str) -> int | None:
    try:
        with open(os.path.join(path, MANIFEST), encoding="utf-8") as file:
            limit = json.load(file)["settings"]["max_batch"]
    except (OSError, ValueError, LookupError, TypeError):  # not a bundle, or one without a limit
        return None
    return limit if isinstance(limit, int) else None


def _check_names(signature: meta_graph_pb2.SignatureDef, given: set[str]) -> None:
    wanted = set(signature.inputs)
    if len(given) != len(wanted):
        raise invalid(
            f"input size does not match signature: {len(given)}!={len(wanted)} "
            f"len({_braces(given)}) != len({_braces(wanted)}). "
            f"Sent extra: {_braces(given - wanted)}. "
            f"Missing but required: {_braces(wanted - given)}."
        )
    for name in sorted(given - wanted):
        raise invalid(
            f"input tensor alias not found in signature: {name}. Inputs expected to be in the set "
            f"{_braces(wanted)}."
        )


def _outputs(signature: meta_graph_pb2.SignatureDef, names: list[str]) -> list[str]:
    for name in names:
        if name not in signature.outputs:
            raise invalid(
                f"output tensor alias not found in signature: {name} Outputs expected to be in "
                f"the set {_braces(set(signature.outputs))}."
            )
        if names.count(name) > 1:
            raise invalid(f"duplicate output tensor alias: {name}")
    return names or sorted(signature.outputs)


def _braces(names: set[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"
