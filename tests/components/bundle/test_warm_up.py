import collections

import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from components.bundle import signatures as bundle_signatures
from components.bundle import warm_up


@pytest.fixture(scope="module")
def logged(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    warm_up.write(str(folder), tiny.catalogue(), tiny.DEFINITION)
    records_read = tf.data.TFRecordDataset(str(folder / warm_up.PATH)).as_numpy_iterator()
    logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records_read]
    return [log.predict_log.request for log in logs]


def test_every_signature_is_asked_in_batches_of_1_8_and_32(logged, tiny):
    sizes = collections.defaultdict(set)
    for request in logged:
        for value in request.inputs.values():
            sizes[request.model_spec.signature_name].add(value.tensor_shape.dim[0].size)
    assert dict(sizes) == {name: {1, 8, 32} for name in bundle_signatures.signatures(tiny.bundle())}


def test_nobody_is_a_real_user(logged):
    asked = [
        tf.make_ndarray(request.inputs["user_id"]).tolist()
        for request in logged
        if request.model_spec.signature_name == "serving_default"
    ]
    assert {user for batch in asked for user in batch} == {warm_up.UNKNOWN_USER}
    timelines = [
        tf.train.Example.FromString(timeline).features.feature
        for request in logged
        if request.model_spec.signature_name in warm_up.OF_EXAMPLES
        for timeline in tf.make_ndarray(request.inputs["examples"])
    ]
    assert {one["user_id"].bytes_list.value[0] for one in timelines} == {warm_up.UNKNOWN_USER}


def test_histories_are_short_and_long_and_from_the_catalogue(tiny):
    lengths = [
        len(tf.train.Example.FromString(each).features.feature["item_id"].bytes_list.value)
        for each in warm_up.made_up_timelines(tiny.catalogue(), 8)
    ]
    assert lengths == [4, 8, 12, 16, 20, 24, 28, 32]


def test_requests_fit_the_signatures(logged, tiny):
    signatures = bundle_signatures.signatures(tiny.bundle())
    for request in logged:
        signature = signatures[request.model_spec.signature_name]
        inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        outputs = signature(**{name: tf.constant(value) for name, value in inputs.items()})
        assert outputs


def test_features_of_nobody_have_their_types(logged):
    request = next(each for each in logged if each.model_spec.signature_name == "recommend")
    assert request.inputs["history_item_ids"].dtype == tf.string.as_datatype_enum
    assert request.inputs["age"].dtype == tf.float32.as_datatype_enum
