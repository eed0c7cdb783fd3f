"""What TensorFlow Serving 2.16.1 answers where one would not guess it, and so do we.

Each row ends with the file of its source, at tag 2.16.1, that says so. What we refuse on purpose
is in docs/explanation/stand-in.md.
"""

import gzip
import json

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc, predict_pb2
from werkzeug.test import Client

from serving.stand_in import grpc_api, rest_api
from serving.stand_in.configuration import Model
from serving.stand_in.metrics import Metrics
from serving.stand_in.requests import Requests
from serving.stand_in.servable import Servable
from serving.stand_in.served import Served
from serving.stand_in.versions import AVAILABLE, Version
from support.ports import free_ports

PREDICT = "/v1/models/half:predict"
JSON_TENSOR = "util/json_tensor.cc"
RAPIDJSON = "rapidjson/reader.h, with the flags of util/json_tensor.cc"
HANDLER = "model_servers/http_rest_api_handler.cc"
PATHS = "model_servers/http_rest_api_util.cc"
SERVER = "model_servers/http_server.cc"
REQUEST = "util/net_http/server/internal/evhttp_request.cc"
STATUS = "model_servers/get_model_status_impl.cc"
PREDICT_UTIL = "servables/tensorflow/predict_util.cc"
ELEMENT = "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: "


@pytest.fixture(scope="module")
def requests(write_half_plus, tmp_path_factory):
    path = str(write_half_plus(tmp_path_factory.mktemp("contract"), "7"))
    servable = Servable(path, tf.compat.v1.ConfigProto())
    served = Served()
    served.add("half")
    served.put("half", Version(7, path, AVAILABLE, servable=servable))
    served.set_labels([Model("half", path, labels={"stable": 7})], False)
    yield Requests(served, Metrics())
    servable.retire()


@pytest.fixture(scope="module")
def client(requests):
    return Client(rest_api.RestApi(requests, "/metrics", 60))


def parse_error(message, offset):
    return f"JSON Parse error: {message} at offset: {offset}"


@pytest.mark.parametrize(
    ("body", "answer", "source"),
    [
        # Texts
        (b"", "JSON Parse error: The document is empty", JSON_TENSOR),
        (b" \n", parse_error("The document is empty.", 2), RAPIDJSON),
        (
            b'{"instances": [1.0]} x',
            parse_error("The document root must not be followed by other values.", 21),
            RAPIDJSON,
        ),
        (b"instances = [1]", parse_error("Invalid value.", 0), RAPIDJSON),
        ('{"é": x}'.encode(), parse_error("Invalid value.", 7), RAPIDJSON),
        (b"{1: 2}", parse_error("Missing a name for object member.", 1), RAPIDJSON),
        (b'{"a": 1,}', parse_error("Missing a name for object member.", 8), RAPIDJSON),
        (
            b'{"a" 1}',
            parse_error("Missing a colon after a name of object member.", 5),
            RAPIDJSON,
        ),
        (
            b'{"a": [1] 2}',
            parse_error("Missing a comma or } after an object member.", 10),
            RAPIDJSON,
        ),
        (
            b'{"a": [1 "]"]}',
            parse_error("Missing a comma or ] after an array element.", 9),
            RAPIDJSON,
        ),
        ('{"inputs": [1.0]}'.encode("utf-16"), parse_error("Invalid value.", 0), RAPIDJSON),
        ('{"inputs": [1.0]}'.encode("utf-8-sig"), {"outputs": [2.5]}, RAPIDJSON),
        (
            b'{"signature_name": "kinds", "inputs": {"text": ["\xff"], "count": [1]}}',
            {"outputs": {"count": [1], "raw_bytes": [{"b64": "/w=="}], "text": ["\ufffd"]}},
            RAPIDJSON + ", without kParseValidateEncodingFlag",
        ),
        # Keys that are twice there: the first counts
        (b'{"inputs": [1.0], "inputs": [3.0]}', {"outputs": [2.5]}, "rapidjson/document.h"),
        (
            b'{"signature_name": "no", "signature_name": "total", "inputs": [1.0]}',
            'Serving signature name: "no" not found in signature def',
            "rapidjson/document.h",
        ),
        # Numbers
        (b'{"inputs": [16777217]}', {"outputs": [8388610.0]}, JSON_TENSOR),
        (b'{"inputs": [1e39, -1e39]}', {"outputs": [np.inf, -np.inf]}, JSON_TENSOR),
        (
            b'{"signature_name": "double", "inputs": [9007199254740993]}',
            {"outputs": {"positive": [True], "whole": [1], "y": [9007199254740992.0]}},
            JSON_TENSOR,
        ),
        (
            b'{"inputs": [1e400]}',
            "JSON Parse error: Number too big to be stored in double.",
            RAPIDJSON,
        ),
        (
            b'{"inputs": [1%s]}' % (b"0" * 400),
            "JSON Parse error: Number too big to be stored in double.",
            RAPIDJSON,
        ),
        (
            b'{"inputs": [Inf, -Inf, Infinity, -Infinity]}',
            {"outputs": [np.inf, -np.inf, np.inf, -np.inf]},
            RAPIDJSON,
        ),
        # Values
        (
            {"inputs": [True]},
            "JSON Value: true Type: True is not of expected type: float",
            JSON_TENSOR,
        ),
        (
            {"inputs": ["1"]},
            'JSON Value: "1" Type: String is not of expected type: float',
            JSON_TENSOR,
        ),
        (
            {"signature_name": "kinds", "inputs": {"text": [{"b64": "YQ"}], "count": [1]}},
            {"outputs": {"count": [1], "raw_bytes": [{"b64": "YQ=="}], "text": ["a"]}},
            "absl/strings/escaping.cc",
        ),
        (
            {"signature_name": "kinds", "inputs": {"text": [{"b64": " Y Q\n=="}], "count": [1]}},
            {"outputs": {"count": [1], "raw_bytes": [{"b64": "YQ=="}], "text": ["a"]}},
            "absl/strings/escaping.cc",
        ),
        (
            {"signature_name": "kinds", "inputs": {"text": [{"b64": "YQ="}], "count": [1]}},
            "Unable to base64 decode",
            "absl/strings/escaping.cc",
        ),
        (
            {"signature_name": "narrow", "instances": [1.0]},
            "Failed to process element: 0 of 'instances' list. Error: UNIMPLEMENTED: Conversion of "
            "JSON Value: 1.0 to type: half",
            JSON_TENSOR,
        ),
        # Shapes
        (
            {"inputs": [[1, 2], [3]]},
            "Encountered list at unexpected size: 1 at level: 1 expected size: 2",
            JSON_TENSOR,
        ),
        (
            {"inputs": [[1], 2]},
            "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2",
            JSON_TENSOR,
        ),
        (
            {"inputs": [1, [2]]},
            "Encountered list at unexpected level: 1 expected < 1",
            JSON_TENSOR,
        ),
        (
            {"instances": [[[1], 2]]},
            ELEMENT + "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at "
            "level: 2",
            JSON_TENSOR,
        ),
        (
            {"instances": [[1], [2, 3]]},
            ELEMENT.replace("0", "1", 1) + "Expecting tensor size: 1 but got: 2",
            JSON_TENSOR,
        ),
        (
            {"instances": [[[1, 2]], [[1], [2]]]},
            ELEMENT.replace("0", "1", 1) + "Expecting shape [1,2] but got: [2,1]",
            JSON_TENSOR,
        ),
        (
            {"instances": [{"zzz": 2}]},
            "Failed to process element: 0 key: zzz of 'instances' list. Error: INVALID_ARGUMENT: "
            "JSON object: does not have named input: zzz",
            JSON_TENSOR,
        ),
        (
            {"signature_name": "kinds", "instances": [{"text": "a"}]},
            "Failed to process element: 0 of 'instances' list. JSON object: {\n"
            '    "text": "a"\n} keys must be equal to: count,text',
            JSON_TENSOR,
        ),
        (
            {"signature_name": "uneven", "instances": [1.0, 2.0]},
            "Tensor name: one has inconsistent batch size: 1 expecting: 2",
            JSON_TENSOR,
        ),
        # Signatures
        (
            b'{"signature_name": "\xff", "inputs": [1]}',
            'Serving signature name: "?" not found in signature def',
            HANDLER,
        ),
        (
            {"signature_name": "zzz", "instances": []},
            'Serving signature name: "zzz" not found in signature def',
            HANDLER,
        ),
    ],
)
def test_bodies(client, body, answer, source):
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = client.post(PREDICT, data=text)
    expected = (400, {"error": answer}) if isinstance(answer, str) else (200, answer)
    assert (response.status_code, json.loads(response.data)) == expected, source


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "answer", "source"),
    [
        (
            "POST",
            "/v1/models/nope:predict",
            b"{",
            400,
            "JSON Parse error: Missing a name for object member. at offset: 1",
            JSON_TENSOR + ": the text is read before the model is looked up",
        ),
        (
            "POST",
            PREDICT,
            b'{"signature_name": "narrow", "inputs": [1.0]}',
            501,
            "Conversion of JSON Value: 1.0 to type: half",
            JSON_TENSOR,
        ),
        ("GET", "/v1/models/", b"", 400, "Malformed request: GET /v1/models/", PATHS),
        ("GET", "/v1/models", b"", 400, "Missing model name in request.", HANDLER),
        ("GET", "/v1/models/versions/7", b"", 400, "Missing model name in request.", PATHS),
        (
            "POST",
            "/v1/models/a%2Fb:predict",
            b'{"inputs": [1]}',
            404,
            "Servable not found for request: Latest(a/b)",
            PATHS + ": decoded after it was matched",
        ),
        (
            "POST",
            "/v1/models/half:PREDICT",
            b'{"inputs": [1]}',
            400,
            "Malformed request: POST /v1/models/half:PREDICT",
            HANDLER,
        ),
        ("POST", "/V1/MODELS/half:predict", b'{"inputs": [1]}', 200, {"outputs": [2.5]}, PATHS),
        (
            "POST",
            PREDICT + "?a=b",
            b'{"inputs": [1]}',
            400,
            f"Malformed request: POST {PREDICT}?a=b",
            REQUEST + ": a path has its query",
        ),
        (
            "GET",
            "/v1/models/half/labels/nope/metadata",
            b"",
            400,
            "Unrecognized servable version label: nope",
            "model_servers/server_core.cc",
        ),
    ],
)
def test_paths(client, method, path, body, status, answer, source):
    response = client.open(path, method=method, data=body)
    expected = {"error": answer} if isinstance(answer, str) else answer
    assert (response.status_code, json.loads(response.data)) == (status, expected), source


def test_a_status_by_label_is_of_all_versions(client):
    """model_servers/get_model_status_impl.cc never looks at a label."""
    states = client.get("/v1/models/half").json
    assert [entry["version"] for entry in states["model_version_status"]] == ["7"]
    assert client.get("/v1/models/half/labels/nope").json == states


PACKED = gzip.compress(b'{"inputs": [1.0]}')


@pytest.mark.parametrize(
    ("body", "status", "answer"),
    [
        (PACKED, 200, {"outputs": [2.5]}),
        (b"no gzip", 400, {"error": "JSON Parse error: The document is empty"}),
        (PACKED[:-9], 400, {"error": "JSON Parse error: The document is empty"}),
        (
            gzip.compress(b" " * (rest_api.LARGEST_BODY + 1)),
            429,
            {"error": "A body has at most 16777216 bytes."},
        ),
    ],
    ids=["whole", "not-gzip", "half", "bomb"],
)
def test_packed_bodies(client, body, status, answer):
    """util/net_http/server/internal/evhttp_request.cc unpacks them; the limit is ours."""
    response = client.post(PREDICT, data=body, headers={"Content-Encoding": "gzip"})
    assert (response.status_code, response.json) == (status, answer)


@pytest.mark.parametrize("cors", [False, True])
def test_other_origins(requests, cors):
    """model_servers/http_server.cc, with --rest_api_enable_cors_support."""
    client = Client(rest_api.RestApi(requests, None, 60, cors))
    asked = client.options(PREDICT, headers={"Origin": "https://shop.example"})
    assert (asked.status_code, asked.data) == (200, b"")
    answers = [asked, client.get("/v1/models/half"), client.get("/v1/models/nope")]
    for answer in answers:
        assert answer.headers.get("Access-Control-Allow-Origin") == ("*" if cors else None)
    assert client.options(PREDICT).status_code == 400


def test_what_is_counted(requests):
    """model_servers/http_server.cc and prediction_service_impl.cc count, by these labels."""
    counted = Requests(requests.served, Metrics())
    client = Client(rest_api.RestApi(counted, None, 60))
    client.post(PREDICT, data=b'{"inputs": [1.0]}')
    client.post(PREDICT, data=b"")
    client.get("/v1/models/half")
    client.get("/v1/models/half/metadata")
    client.get("/v1/nothing")
    client.get("/elsewhere")
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "half"
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([1.0]))
    counted.predict(request, 60)
    page = counted.metrics.page().splitlines()
    prefix = ":tensorflow:serving:request_"
    assert [
        line for line in page if line.startswith((prefix + "count{", prefix + "latency_c"))
    ] == [
        prefix + 'count{model_name="half",status="OK"} 4',
        prefix + 'count{model_name="half",status="INVALID_ARGUMENT"} 1',
        prefix + 'count{model_name="",status="INVALID_ARGUMENT"} 1',
        prefix + 'latency_count{model_name="half",API="predict",entrypoint="REST"} 1',
        prefix + 'latency_count{model_name="half",API="",entrypoint="REST"} 2',
        prefix + 'latency_count{model_name="half",API="Predict",entrypoint="GRPC"} 1',
    ]


@pytest.fixture(scope="module")
def channel(requests):
    (port,) = free_ports(1)
    server = grpc_api.create_server(requests, f"127.0.0.1:{port}", 2)
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    server.stop(0).wait()


def predict(channel, signature, **inputs):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "half"
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    call = channel.unary_unary(
        "/tensorflow.serving.PredictionService/Predict",
        predict_pb2.PredictRequest.SerializeToString,
        predict_pb2.PredictResponse.FromString,
    )
    return call(request, timeout=60)


@pytest.mark.parametrize(
    ("signature", "inputs", "output", "field", "values"),
    [
        ("", {"x": [1.0, 2.0]}, "y", "float_val", [2.5, 3.0]),
        ("double", {"x": np.array([1.0, -1.0])}, "y", "double_val", [1.0, -1.0]),
        ("double", {"x": np.array([1.0, -1.0])}, "whole", "int_val", [1, 0]),
        ("double", {"x": np.array([1.0, -1.0])}, "positive", "bool_val", [True, False]),
        ("narrow", {"x": np.array([1.0], np.float16)}, "y", "half_val", [0x3C00]),
        ("kinds", {"text": [b"a"], "count": np.array([3])}, "count", "int64_val", [3]),
        ("kinds", {"text": [b"a"], "count": np.array([3])}, "text", "string_val", [b"a"]),
    ],
)
def test_values_are_in_the_field_of_their_type(channel, signature, inputs, output, field, values):
    """servables/tensorflow/predict_util.cc: kAsProtoField, never `tensor_content`."""
    proto = predict(channel, signature, **inputs).outputs[output]
    assert list(getattr(proto, field)) == values
    assert proto.tensor_content == b""
    assert [size.size for size in proto.tensor_shape.dim] == [len(values)]


@pytest.mark.parametrize(
    ("spec", "code", "message"),
    [
        (None, "INVALID_ARGUMENT", "Missing ModelSpec"),
        ("", "NOT_FOUND", "Could not find any versions of model "),
        ("nope", "NOT_FOUND", "Could not find any versions of model nope"),
    ],
)
def test_status_over_grpc(channel, spec, code, message):
    """model_servers/get_model_status_impl.cc"""
    request = get_model_status_pb2.GetModelStatusRequest()
    if spec is not None:
        request.model_spec.name = spec
        request.model_spec.SetInParent()
    with pytest.raises(grpc.RpcError) as caught:
        model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(request, timeout=60)
    assert (caught.value.code().name, caught.value.details()) == (code, message)
