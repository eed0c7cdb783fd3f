"""Run as a script in a bare process: loads a SavedModel as TensorFlow Serving does, and asks it.

It imports TensorFlow and nothing else, and runs the signatures in a TF1 session: an op that only
the training process had registered is missing here, as it would be in the stock server.

    python -I probe.py BUNDLE < requests.json > answers.json

Requests are `[[signature, {input: values}], ...]`; answers are the outputs of each, by name.
"""

import json
import sys

import tensorflow as tf


def main(path: str) -> None:
    """Answers the requests on standard input."""
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        graph = tf.compat.v1.saved_model.loader.load(session, ["serve"], path)
        answers = [
            ask(session, graph.signature_def[signature], inputs)
            for signature, inputs in json.load(sys.stdin)
        ]
    json.dump(answers, sys.stdout)


def ask(session, signature, inputs):  # type: ignore[no-untyped-def]
    """Returns the outputs of one signature as lists, texts decoded."""
    feed = {signature.inputs[name].name: values for name, values in inputs.items()}
    fetch = {name: output.name for name, output in signature.outputs.items()}
    outputs = session.run(fetch, feed)
    return {name: plain(value.tolist()) for name, value in outputs.items()}


def plain(value):  # type: ignore[no-untyped-def]
    """Returns nested lists with every byte string decoded."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.decode() if isinstance(value, bytes) else value


if __name__ == "__main__":
    main(sys.argv[1])
