import collections

import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from components.bundle import signatures as bundle_signatures
from components.bundle import warm_up


@pytest.fixture(scope="module")
def logged(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    warm_up.write(str(folder), tiny.users(), tiny.catalogue(), tiny.DEFINITION)
    records_read = tf.data.TFRecordDataset(str(folder / warm_up.PATH)).as_numpy_iterator()
    logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records_read]
    return [log.predict_log.request for log in logs]


def test_every_signature_is_asked_in_batches_of_1_8_and_32(logged, tiny):
    sizes = collections.defaultdict(set)
    for request in logged:
        for value in request.inputs.values():
            sizes[request.model_spec.signature_name].add(value.tensor_shape.dim[0].size)
    assert dict(sizes) == {name: {1, 8, 32} for name in bundle_signatures.signatures(tiny.bundle())}


def test_users_are_real_but_one(logged):
    asked = [
        tf.make_ndarray(request.inputs["user_id"]).tolist()
        for request in logged
        if request.model_spec.signature_name == "serving_default"
    ]
    assert [warm_up.UNKNOWN_USER] in asked
    assert [b"10"] in asked
    assert asked[-1][-1] == warm_up.UNKNOWN_USER
    assert set(asked[-1][:-1]) == {b"10", b"9", b"2"}


def test_requests_fit_the_signatures(logged, tiny):
    signatures = bundle_signatures.signatures(tiny.bundle())
    for request in logged:
        signature = signatures[request.model_spec.signature_name]
        inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        outputs = signature(**{name: tf.constant(value) for name, value in inputs.items()})
        assert outputs


def test_histories_of_nobody_are_texts_too(tiny, tmp_path):
    warm_up.write(str(tmp_path), tiny.users()[3:], tiny.catalogue(), tiny.DEFINITION)
    (first, *_) = tf.data.TFRecordDataset(str(tmp_path / warm_up.PATH)).skip(3)
    request = prediction_log_pb2.PredictionLog.FromString(first.numpy()).predict_log.request
    assert request.inputs["history_item_ids"].dtype == tf.string.as_datatype_enum
    assert request.inputs["age"].dtype == tf.float32.as_datatype_enum
