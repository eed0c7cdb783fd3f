"""The documented behaviour of TensorFlow Serving, case by case, over both APIs."""

import json
import pathlib

import grpc
import numpy as np
import pytest

needs_proc = pytest.mark.skipif(
    not pathlib.Path("/proc/self/maps").exists(), reason="looks into Linux's /proc"
)

CONFIG = """
model_config_list {{
  config {{
    name: "half" base_path: "{half}" model_platform: "tensorflow"
    model_version_policy {{ specific {{ versions: 123 }} }}
    version_labels {{ key: "stable" value: 123 }}
  }}
  config {{ name: "half_plus_three" base_path: "{three}" model_platform: "tensorflow" }}
}}
"""


@pytest.fixture(scope="module")
def server(serve, write_half_plus, tmp_path_factory):
    base = tmp_path_factory.mktemp("models")
    half, three = base / "half", base / "three"
    write_half_plus(half, "00000123")
    write_half_plus(half, "124", 9)
    (half / "125.tmp").mkdir()
    write_half_plus(three, "1", 3)
    config = base / "models.config"
    config.write_text(CONFIG.format(half=half, three=three))
    return serve(f"--model_config_file={config}")


def predict_grpc(server, signature="", filters=(), model="half", timeout=60, **inputs):
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    request = predict_pb2.PredictRequest()
    if model is not None:
        request.model_spec.name = model
        request.model_spec.signature_name = signature
    request.output_filter.extend(filters)
    for name, value in inputs.items():
        is_proto = hasattr(value, "tensor_shape")
        request.inputs[name].CopyFrom(value if is_proto else tf.make_tensor_proto(value))
    with grpc.insecure_channel(server.address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        return stub.Predict(request, timeout=timeout)


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", "/v1/foo", "Malformed request: GET /v1/foo"),
        ("POST", "/v1/foo", "Malformed request: POST /v1/foo"),
        ("GET", "/v1/models", "Missing model name"),
        ("GET", "/v1/models/debug/model_name", "Malformed request"),
        ("POST", "/v1/models", "Malformed request"),
        ("GET", "/v1/models/half:predict", "Malformed request"),
        ("GET", "/v1/models/half/version/50:predict", "Malformed request"),
        ("POST", "/v1/models/half/version/50:regress", "Malformed request"),
        ("POST", "/v1/models/half/versions/HELLO:regress", "Malformed request"),
        ("POST", f"/v1/models/half/versions/{2**64 - 1}:regress", "Failed to convert version"),
        ("GET", f"/v1/models/half/versions/{2**63}", "Failed to convert version"),
        ("GET", f"/v1/models/half/versions/{'9' * 5000}", "Failed to convert version"),
        ("POST", "/v1/models/half/metadata", "Malformed request"),
        ("POST", "/v1/models/half/label/some_label:regress", "Malformed request"),
        ("POST", "/v1/models/half/versions/50/labels/some_label:regress", "Malformed request"),
        ("PUT", "/v1/models/half:predict", "Malformed request: PUT"),
    ],
)
def test_malformed_paths(server, method, path, message):
    status, text = server.send(method, path, b"{}" if method != "GET" else None)
    assert status == 400
    assert message in json.loads(text)["error"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/v1/models/nobody:predict", "Servable not found for request: Latest(nobody)"),
        ("/v1/models/hal:predict", "Servable not found for request: Latest(hal)"),
        ("/v1/models/half/versions/99:predict", "Specific(half, 99)"),
        ("/v1/models/half/versions/124:predict", "Specific(half, 124)"),
    ],
    ids=["model", "close-name", "version", "version-that-is-not-configured"],
)
def test_what_is_not_served_is_404(server, path, message):
    status, text = server.post(path, {"instances": [1.0]})
    assert status == 404
    assert message in json.loads(text)["error"]


@pytest.mark.parametrize("path", ["/", "/etc/passwd", "/v2/models/half", "/v1"])
def test_outside_of_v1_is_404(server, path):
    assert server.get(path)[0] == 404


DEEP = b'{"instances": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "JSON Parse error: The document is empty"),
        (b"instances = [1, 2]", "JSON Parse error: Invalid value"),
        (b"\xff\xfe{}", "JSON Parse error"),
        (DEEP, "JSON Parse error"),
        (b"[1]", "Is not object"),
        (b"{}", "Missing 'inputs' or 'instances' key"),
        ({"instances": [1.0], "inputs": [1.0]}, "only one of 'inputs' or 'instances'"),
        ({"instances": []}, "No values in 'instances'"),
        ({"instances": 1.0}, "Excepting 'instances' to be an list"),
        ({"instances": ["a", "b"]}, "is not of expected type: float"),
        ({"instances": [True]}, "is not of expected type: float"),
        ({"instances": [None]}, "is not of expected type: float"),
        ({"instances": [[1.0], [1.0, 2.0]]}, "unexpected size"),
        ({"instances": [[1.0], 2.0]}, "unexpected size"),
        ({"instances": [2**24 + 1]}, "without loss of precision"),
        ({"instances": [1e300]}, "without loss of precision"),
        ({"instances": [1.0], "signature_name": 100}, "'signature_name' key must be a string"),
        ({"instances": [1.0], "signature_name": "x"}, "Failed to get input map for signature: x"),
        ({"instances": [{"z": 1.0}]}, "keys must be equal to: x"),
        ({"instances": [{"x": 1.0}, 2.0]}, "Expecting object but got list at item 1"),
        ({"instances": [1.0, {"x": 2.0}]}, "got object at item 1"),
        ({"inputs": {"z": [1.0]}}, "Missing named input: x"),
        ({"signature_name": "kinds", "instances": ["a"]}, "instances is a plain list"),
        ({"signature_name": "kinds", "inputs": ["a"]}, "inputs is a plain value/list"),
        (
            {"signature_name": "kinds", "instances": [{"text": 1, "count": 1}]},
            "is not of expected type: string",
        ),
        (
            {"signature_name": "kinds", "instances": [{"text": "a", "count": 1.5}]},
            "is not of expected type: int64",
        ),
        (
            {"signature_name": "kinds", "instances": [{"text": "a", "count": 2**63}]},
            "is not of expected type: int64",
        ),
        (
            {"signature_name": "kinds", "instances": [{"text": {"b64": "!"}, "count": 1}]},
            "Unable to base64 decode",
        ),
        (
            b'{"signature_name": "kinds", "inputs": {"text": ["\\ud800"], "count": [1]}}',
            "surrogate",
        ),
        ({"signature_name": "kinds", "inputs": {"text": [["a"]], "count": [1]}}, "expected shape"),
        ({"signature_name": "total", "instances": [1.0]}, "has no shape information"),
        ({"signature_name": "total", "inputs": 1.0}, "expected shape"),
    ],
)
def test_refused_bodies(server, body, message):
    status, answer = server.predict(body)
    assert status == 400
    assert message in answer["error"]


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"instances": [1.0, 2.0]}, {"predictions": [2.5, 3.0]}),
        ({"instances": [[1, 2], [3, 4]]}, {"predictions": [[2.5, 3.0], [3.5, 4.0]]}),
        ({"instances": [{"x": 1.0}]}, {"predictions": [2.5]}),
        ({"instances": [3.0], "signature_name": "serving_default"}, {"predictions": [3.5]}),
        ({"inputs": [3.0, 4.0]}, {"outputs": [3.5, 4.0]}),
        ({"inputs": {"x": [3.0]}}, {"outputs": [3.5]}),
        ({"inputs": 3.0}, {"outputs": 3.5}),
        ({"inputs": []}, {"outputs": []}),
        ({"inputs": [0.2]}, {"outputs": [2.1]}),
        (
            {"signature_name": "kinds", "instances": [{"text": {"b64": "YQ=="}, "count": 7}]},
            {"predictions": [{"count": 7, "raw_bytes": {"b64": "YQ=="}, "text": "a"}]},
        ),
        (
            {"signature_name": "total", "inputs": [1.0, 2.0]},
            {"outputs": {"sum": 3.0, "x": [1.0, 2.0]}},
        ),
    ],
)
def test_predict(server, body, answer):
    assert server.predict(body) == (200, answer)


def test_not_a_number_passes_through(server):
    status, text = server.post("/v1/models/half:predict", b'{"inputs": [NaN, Infinity, 1.0]}')
    assert status == 200
    assert text == '{"outputs": [NaN, Infinity, 2.5]}'


@pytest.mark.parametrize("place", ["/versions/123", "/labels/stable"])
def test_predict_by_version_and_label(server, place):
    assert server.predict({"instances": [1.0]}, place=place) == (200, {"predictions": [2.5]})


def test_unknown_label(server):
    status, answer = server.predict({"instances": [1.0]}, place="/labels/nobody")
    assert status == 400
    assert "Unrecognized servable version label: nobody" in answer["error"]


def test_two_models_in_one_server(server):
    status, answer = server.predict({"instances": [1.0, 2.0, 5.0]}, model="half_plus_three")
    assert (status, answer) == (200, {"predictions": [3.5, 4.0, 5.5]})


@pytest.mark.parametrize("place", ["", "/versions/123", "/labels/stable"])
def test_status(server, place):
    status, text = server.get(f"/v1/models/half{place}")
    assert status == 200
    assert json.loads(text) == {
        "model_version_status": [
            {
                "version": "123",
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ]
    }


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/v1/models/nobody", "Could not find any versions of model nobody"),
        ("/v1/models/half/versions/9", "Could not find version 9 of model half"),
    ],
)
def test_status_of_what_is_unknown(server, path, message):
    status, text = server.get(path)
    assert status == 404
    assert message in json.loads(text)["error"]


def test_metadata(server):
    status, text = server.get("/v1/models/half/metadata")
    found = json.loads(text)
    assert status == 200
    assert found["model_spec"] == {"name": "half", "signature_name": "", "version": "123"}
    signature = found["metadata"]["signature_def"]["signature_def"]["kinds"]
    assert signature["method_name"] == "tensorflow/serving/predict"
    assert signature["inputs"]["text"]["dtype"] == "DT_STRING"
    assert signature["inputs"]["text"]["tensor_shape"]["dim"] == [{"size": "-1", "name": ""}]


def test_grpc_predict_tells_its_version(server):
    import tensorflow as tf

    response = predict_grpc(server, x=[1.0, 2.0])
    assert tf.make_ndarray(response.outputs["y"]).tolist() == [2.5, 3.0]
    assert response.model_spec.version.value == 123
    assert response.model_spec.signature_name == "serving_default"


@pytest.mark.parametrize("timeout", [None, 1e9, 30], ids=["no-deadline", "decades", "seconds"])
def test_grpc_deadlines_of_any_length(server, timeout):
    response = predict_grpc(server, timeout=timeout, x=[1.0])
    assert list(response.outputs["y"].float_val) == [2.5]


def test_grpc_output_filter(server):
    response = predict_grpc(server, "kinds", ("count",), text=["a"], count=int64(5))
    assert list(response.outputs) == ["count"]


def int64(*values):
    return np.array(values, np.int64)


def claims(*sizes, **values):
    """A proto that claims a shape."""
    import tensorflow as tf

    proto = tf.make_tensor_proto([1.0])
    proto.ClearField("float_val")
    proto.ClearField("tensor_content")
    del proto.tensor_shape.dim[:]
    for size in sizes:
        proto.tensor_shape.dim.add(size=size)
    for name, value in values.items():
        getattr(proto, name).extend(value)
    return proto


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (lambda: {"model": None}, "INVALID_ARGUMENT", "Missing ModelSpec"),
        (lambda: {"model": ""}, "INVALID_ARGUMENT", "no name specified"),
        (lambda: {"model": "nobody"}, "NOT_FOUND", "Latest(nobody)"),
        (lambda: {"signature": "no"}, "FAILED_PRECONDITION", '"no" not found'),
        (lambda: {}, "INVALID_ARGUMENT", "Missing but required: {x}"),
        (lambda: {"x": [1.0], "z": [1.0]}, "INVALID_ARGUMENT", "Sent extra: {z}"),
        (lambda: {"z": [1.0]}, "INVALID_ARGUMENT", "input tensor alias not found in signature: z"),
        (lambda: {"x": ["a"]}, "INVALID_ARGUMENT", "expected type: float32 given string"),
        (lambda: {"x": [1.0], "filters": ["q"]}, "INVALID_ARGUMENT", "output tensor alias"),
        (lambda: {"x": [1.0], "filters": ["y", "y"]}, "INVALID_ARGUMENT", "duplicate output"),
        (lambda: {"x": claims(2**40, float_val=[1.0])}, "INVALID_ARGUMENT", "more than"),
        (lambda: {"x": claims(-1, float_val=[1.0])}, "INVALID_ARGUMENT", "no definite shape"),
        (lambda: {"x": claims(2, float_val=[1, 2, 3])}, "INVALID_ARGUMENT", "could not be parsed"),
        (
            lambda: {"signature": "kinds", "text": [["a"]], "count": int64(1)},
            "INVALID_ARGUMENT",
            "expected shape",
        ),
        (lambda: {"x": np.ones(17_000_000, np.float32)}, "RESOURCE_EXHAUSTED", "larger than max"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_grpc_refusals(server, arguments, code, message):
    with pytest.raises(grpc.RpcError) as caught:
        predict_grpc(server, **arguments())
    assert caught.value.code() is grpc.StatusCode[code]
    assert message in caught.value.details()


def test_grpc_model_status_metadata_and_refused_reload(server):
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        get_model_status_pb2,
        model_management_pb2,
        model_service_pb2_grpc,
        prediction_service_pb2_grpc,
    )

    with grpc.insecure_channel(server.address) as channel:
        models = model_service_pb2_grpc.ModelServiceStub(channel)
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = "half"
        (entry,) = models.GetModelStatus(request).model_version_status
        assert entry.version == 123 and entry.state == entry.AVAILABLE

        predictions = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        asked = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        asked.model_spec.name = "half"
        response = predictions.GetModelMetadata(asked)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        assert response.metadata["signature_def"].Unpack(signatures)
        assert set(signatures.signature_def) >= {"serving_default", "kinds", "total"}
        asked.metadata_field[:] = ["something"]
        with pytest.raises(grpc.RpcError, match="Metadata field something is not supported"):
            predictions.GetModelMetadata(asked)

        reload = model_management_pb2.ReloadConfigRequest()
        reload.config.model_config_list.config.add(name="etc", base_path="/etc")
        with pytest.raises(grpc.RpcError, match="No client chooses"):
            models.HandleReloadConfigRequest(reload)


def test_metrics_have_the_names_of_tensorflow_serving(server):
    server.predict({"instances": [1.0]})
    server.predict({"instances": [1.0]}, model="made-up")
    _, page = server.get("/monitoring/prometheus/metrics")
    assert "# TYPE :tensorflow:serving:request_count counter" in page
    assert ':tensorflow:serving:request_count{model_name="half",status="OK"}' in page
    assert (
        ':request_latency_bucket{model_name="half",API="Predict",entrypoint="REST",le="+Inf"}'
        in page
    )
    assert ':runtime_latency_count{model_name="half",API="Predict",runtime="TF1"}' in page
    assert "load_attempt_count" in page
    assert "made-up" not in page  # clients make up no time series


@needs_proc
def test_no_library_of_ours_or_of_tfx_is_in_the_process(server):
    maps = pathlib.Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "tensorflow" in maps
    assert "tfx_bsl" not in maps


@needs_proc
def test_it_listens_to_loopback_only(server):
    listening = set()
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{server.process.pid}/net/{table}") as lines:
            for line in list(lines)[1:]:
                local, state = line.split()[1], line.split()[3]
                host, port = local.split(":")
                if state == "0A" and int(port, 16) in (server.grpc_port, server.rest_port):
                    listening.add(host)
    # gRPC writes 127.0.0.1 as an IPv6 address with IPv4 in it
    assert listening <= {"0100007F", "0000000000000000FFFF00000100007F"}
    assert listening
