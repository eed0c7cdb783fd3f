"""How requests are counted; what they are answered is in `test_grpc_api` and `test_rest_api`."""

import pytest
import tensorflow as tf
from tensorflow_serving.apis import get_model_metadata_pb2, model_pb2, predict_pb2

from serving.stand_in.errors import ServingError, invalid
from serving.stand_in.metrics import Metrics
from serving.stand_in.requests import Requests
from serving.stand_in.servable import Servable
from serving.stand_in.served import Served
from serving.stand_in.versions import AVAILABLE, Version


@pytest.fixture
def requests(write_half_plus, tmp_path):
    path = str(write_half_plus(tmp_path, "7"))
    servable = Servable(path, tf.compat.v1.ConfigProto())
    served = Served()
    served.add("half")
    served.put("half", Version(7, path, AVAILABLE, servable=servable))
    yield Requests(served, Metrics())
    servable.retire()


def test_both_apis_answer(requests):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "half"
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([1.0]))
    response = requests.predict(request, 60)
    assert response.model_spec.version.value == 7
    assert response.model_spec.signature_name == "serving_default"
    spec = model_pb2.ModelSpec(name="half")
    assert requests.predict_json(spec, b'{"inputs": [1.0]}', 60) == b'{"outputs": [2.5]}'
    page = requests.metrics.page()
    label = 'model_name="half",API="Predict",entrypoint="GRPC"'
    assert f"request_latency_count{{{label}}} 1" in page
    assert 'runtime_latency_count{model_name="half",API="Predict",runtime="TF1"} 2' in page


@pytest.mark.parametrize(
    ("name", "error", "line"),
    [
        ("half", invalid("no"), 'model_name="half",status="INVALID_ARGUMENT"} 1'),
        ("half", KeyError("no"), 'model_name="half",status="INTERNAL"} 1'),
        ("made up", invalid("no"), 'model_name="",status="INVALID_ARGUMENT"} 1'),
    ],
    ids=["refused", "unforeseen", "unknown-model"],
)
def test_failures_are_counted_by_their_code_and_have_no_latency(requests, name, error, line):
    with pytest.raises(type(error)), requests.counted(name, "Predict", "GRPC"):
        raise error
    page = requests.metrics.page()
    assert line in page
    assert "made up" not in page and "request_latency_count" not in page


@pytest.mark.parametrize(
    ("fields", "message"),
    [([], "at least one metadata_field"), (["weights"], "weights is not supported")],
)
def test_metadata_that_is_not_there(requests, fields, message):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    request.model_spec.name = "half"
    with pytest.raises(ServingError, match=message):
        requests.metadata(request)
