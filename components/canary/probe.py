"""Script for a bare process: loads a SavedModel as TensorFlow Serving does, and asks it.

It imports NumPy, TensorFlow and the server's messages and nothing else, and runs the signatures in
a TF1 session: an op that only the training process had registered is missing here, as it would be
in the stock server.

    python -I probe.py BUNDLE [WARM_UP] < requests.json > answers.json

The warm-up file, by its path inside the bundle, is answered first, as the server does before it
serves a version: a record that can't be read or answered ends the process. Requests are
`[[signature, {input: values}], ...]`; answers are the outputs of each, by name.
"""

import json
import os
import sys

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2


def main(path: str, warm_up: str | None = None) -> None:
    """Answers the warm-up file, then the requests on standard input."""
    logs = read_logs(os.path.join(path, warm_up)) if warm_up else []
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        graph = tf.compat.v1.saved_model.loader.load(session, ["serve"], path)
        for log in logs:
            request = log.predict_log.request
            inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
            ask(session, graph.signature_def[request.model_spec.signature_name], inputs)
        answers = [
            ask(session, graph.signature_def[signature], inputs)
            for signature, inputs in json.load(sys.stdin)
        ]
    json.dump(answers, sys.stdout)


def read_logs(path):  # type: ignore[no-untyped-def]
    """Returns the logged requests of a warm-up file."""
    records = tf.data.TFRecordDataset(path).as_numpy_iterator()
    return [prediction_log_pb2.PredictionLog.FromString(record) for record in records]


def ask(session, signature, inputs):  # type: ignore[no-untyped-def]
    """Returns the outputs of one signature as lists, texts decoded."""
    feed = {
        signature.inputs[name].name: shaped(signature.inputs[name], values)
        for name, values in inputs.items()
    }
    fetch = {name: output.name for name, output in signature.outputs.items()}
    outputs = session.run(fetch, feed)
    return {name: plain(value.tolist()) for name, value in outputs.items()}


def shaped(given, values):  # type: ignore[no-untyped-def]
    """Returns an input in the signature's shape, which lists without any value do not show."""
    sizes = [dimension.size for dimension in given.tensor_shape.dim[1:]]
    return np.reshape(np.array(values, object), [len(values), *sizes])


def plain(value):  # type: ignore[no-untyped-def]
    """Returns nested lists with every byte string decoded."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.decode() if isinstance(value, bytes) else value


if __name__ == "__main__":
    main(*sys.argv[1:])
