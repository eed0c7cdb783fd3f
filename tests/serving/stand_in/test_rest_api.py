"""The documented behaviour of TensorFlow Serving's REST API, case by case; bad and slow clients."""

import http.client
import json
import pathlib
import socket

import pytest


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
        ({"instances": [[1.0], [1.0, 2.0]]}, "Expecting tensor size: 1 but got: 2"),
        ({"instances": [[1.0], 2.0]}, "Expecting shape [1] but got: []"),
        ({"instances": [1.0], "signature_name": 100}, "'signature_name' key must be a string"),
        ({"instances": [1.0], "signature_name": "x"}, 'signature name: "x" not found'),
        ({"instances": [{"z": 1.0}]}, "does not have named input: z"),
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


def test_metrics_have_the_names_of_tensorflow_serving(server):
    server.predict({"instances": [1.0]})
    server.predict({"instances": [1.0]}, model="made-up")
    _, page = server.get("/monitoring/prometheus/metrics")
    assert "# TYPE :tensorflow:serving:request_count counter" in page
    assert ':tensorflow:serving:request_count{model_name="half",status="OK"}' in page
    assert (
        ':request_latency_bucket{model_name="half",API="predict",entrypoint="REST",le="+Inf"}'
        in page
    )
    assert ':runtime_latency_count{model_name="half",API="Predict",runtime="TF1"}' in page
    assert "load_attempt_count" in page
    assert "made-up" not in page  # clients make up no time series


def resident_mib(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_a_body_of_a_gigabyte_is_refused(server, chunked):
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=60)
    connection.putrequest("POST", "/v1/models/half:predict")
    if chunked:
        connection.putheader("Transfer-Encoding", "chunked")
    else:
        connection.putheader("Content-Length", str(2**30))
    connection.endheaders()
    sent = 0
    piece = b" " * 2**20
    try:
        for _ in range(1024):
            connection.send(b"100000\r\n" + piece + b"\r\n" if chunked else piece)
            sent += 1
        status = connection.getresponse().status
    except (BrokenPipeError, ConnectionResetError):
        status = 413  # it hung up on us, which is a refusal too
    connection.close()
    assert status == 413
    assert sent < 1024
    assert server.predict({"instances": [1.0]}) == (200, {"predictions": [2.5]})
    if pathlib.Path("/proc/self/status").exists():
        assert resident_mib(server) < 2000


def test_slow_clients_keep_nobody_waiting(server):
    slow = []
    for _ in range(40):
        client = socket.create_connection(("127.0.0.1", server.rest_port))
        client.sendall(
            b"POST /v1/models/half:predict HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n{"
        )
        slow.append(client)
    half_of_a_header = socket.create_connection(("127.0.0.1", server.rest_port))
    half_of_a_header.sendall(b"POST /v1/mod")
    slow.append(half_of_a_header)
    for _ in range(20):
        assert server.predict({"instances": [1.0]}) == (200, {"predictions": [2.5]})
    for client in slow:
        client.close()


def test_a_client_that_stalls_is_hung_up_on(server):
    with socket.create_connection(("127.0.0.1", server.rest_port)) as client:
        client.sendall(b"POST /v1/models/half:predict HTTP/1.1\r\nContent-Length: 9\r\n\r\n{")
        client.settimeout(60)
        assert client.recv(100) == b""
