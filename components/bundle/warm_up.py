"""Warm-up file: requests that TensorFlow Serving answers to itself before it serves a version.

Without it the first users wait while TensorFlow prepares the graph. InfraValidator could write one,
but only of serialized examples, which `serving_default` would take for the ids of unknown users.
"""

import os
from collections.abc import Collection, Iterator

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from components.bundle import records, signatures
from components.bundle.answers import EXAMPLES, EXCLUDE_ITEM_IDS, HISTORY_ITEM_IDS
from components.bundle.filter_terms import filterable
from transform import features, queries
from transform.definition import Definition

PATH = os.path.join("assets.extra", "tf_serving_warmup_requests")
BATCHES = (1, 8, 32)
LONGEST = 32  # items of a history
UNKNOWN_USER = b"warm-up: nobody has this id"
OF_EXAMPLES = ("serve_examples", "embed_query", "evaluate", "describe")

Request = tuple[str, dict[str, np.ndarray]]


def requests(items: records.Items, definition: Definition) -> Iterator[Request]:
    """Yields the name of a signature and its inputs: every signature, in batches of 1, 8 and 32.

    Users are made up: a bundle must not hold anybody's history in a file that is read by nobody but
    a server.

    Args:
        items: The whole catalogue.
        definition: Definition of the data set.
    """
    yield "serving_default", {features.USER_ID: np.array([UNKNOWN_USER], object)}
    for size in BATCHES:
        users = made_up_timelines(items, size)
        candidates = _spread(items.examples, size)
        query = {name: value.numpy() for name, value in queries.parse(users, definition).items()}
        history = query[features.ITEM_ID]
        user_id = query[features.USER_ID]
        yield "serving_default", {features.USER_ID: user_id}
        nothing = np.full([size, 1], b"", object)
        no_filter = {features.REQUIRE: nothing, features.FORBID: nothing}
        of_user = {
            features.USER_ID: user_id,
            features.REQUEST_TIME: query[features.REQUEST_TIME],
            EXCLUDE_ITEM_IDS: nothing,
        }
        yield "recommend_history", {HISTORY_ITEM_IDS: history}
        names = signatures.input_names(definition)
        parts = {given: query[name] for name, given in names.items()}
        of_query = {**parts, EXCLUDE_ITEM_IDS: history}
        for name, inputs in (("recommend_user", of_user), ("recommend", of_query)):
            yield name, inputs
            if filterable(definition):
                yield signatures.FILTERED[name], {**inputs, **no_filter}
        yield "similar", {features.ITEM_ID: _spread(items.item_id, size)}
        for signature in OF_EXAMPLES:
            yield signature, {EXAMPLES: users}
        yield "embed_candidate", {EXAMPLES: candidates}


def made_up_timelines(items: records.Items, size: int) -> np.ndarray:
    """Returns timelines of nobody, `[size]` bytes: items and times of them, no features.

    Args:
        items: The whole catalogue, which histories of different lengths are taken from.
        size: Number of timelines.
    """
    timelines = []
    for row in range(size):
        length = max(LONGEST * (row + 1) // size, 1)
        example = tf.train.Example()
        feature = example.features.feature
        feature[features.USER_ID].bytes_list.value.append(UNKNOWN_USER)
        feature[features.ITEM_ID].bytes_list.value.extend(_spread(items.item_id, length))
        feature[features.TIME].int64_list.value.extend(range(1, length + 1))
        timelines.append(example.SerializeToString(deterministic=True))
    return np.array(timelines, object)


def write(
    bundle: str, items: records.Items, definition: Definition, known: Collection[str] | None = None
) -> None:
    """Writes the warm-up file into the folder of a bundle; see `requests`.

    Args:
        bundle: Path of the bundle's SavedModel.
        items: The whole catalogue.
        definition: Definition of the data set.
        known: Signatures that the bundle has, where an earlier revision made it; None: all.
    """
    path = os.path.join(bundle, PATH)
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.TFRecordWriter(path) as writer:
        for signature, inputs in requests(items, definition):
            if known is not None and signature not in known:
                continue
            log = prediction_log_pb2.PredictionLog()
            request = log.predict_log.request
            request.model_spec.signature_name = signature  # the server knows which model it loads
            for name, value in inputs.items():
                kind = tf.string if value.dtype == object else tf.as_dtype(value.dtype)
                request.inputs[name].CopyFrom(tf.make_tensor_proto(value, kind))
            writer.write(log.SerializeToString(deterministic=True))


def signatures_of(bundle: str) -> set[str]:
    """Returns the signatures that the warm-up file of a bundle asks: all that the bundle has."""
    logs = tf.data.TFRecordDataset(os.path.join(bundle, PATH)).as_numpy_iterator()
    read = prediction_log_pb2.PredictionLog.FromString
    return {read(log).predict_log.request.model_spec.signature_name for log in logs}


def _spread(rows: np.ndarray, size: int) -> np.ndarray:
    """Returns `size` of the `[any]` rows, evenly spread; repeated where there are fewer."""
    return rows[np.linspace(0, len(rows) - 1, size).astype(int)]
