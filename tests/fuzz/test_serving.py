"""Generated requests to the stand-in and to the page: each gets one of the API's own answers."""

import http.client
import json
import logging
import random

import grpc
import pytest

METHODS = (
    *("PredictionService/Predict",) * 20,
    "PredictionService/GetModelMetadata",
    "PredictionService/Classify",
    "PredictionService/Regress",
    "PredictionService/MultiInference",
    "ModelService/GetModelStatus",
    "ModelService/HandleReloadConfigRequest",
)
MODELS = ("half", "movielens", "nobody", "")
SIGNATURES = ("serving_default", "kinds", "total", "similar", "recommend", "serve_examples", "no")
NAMES = ("x", "text", "count", "user_id", "item_id", "examples", "history_item_ids", "b64", "")
GRPC_CODES = {
    "OK",
    "INVALID_ARGUMENT",
    "FAILED_PRECONDITION",
    "NOT_FOUND",
    "UNIMPLEMENTED",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",  # an answer larger than a message
}


@pytest.fixture(scope="module")
def apis(tiny, tmp_path_factory):
    """Addresses of a stand-in in this process: REST, gRPC and the page."""
    from serving.client.grpc_transport import GrpcTransport
    from serving.client.recommender import RecommenderClient
    from serving.page import app
    from serving.stand_in import grpc_api, rest_api
    from serving.stand_in.configuration import Model, Settings
    from serving.stand_in.manager import Manager
    from serving.stand_in.metrics import Metrics
    from serving.stand_in.requests import Requests
    from serving.web import server as web
    from support import half_plus
    from support.ports import free_ports

    base = tmp_path_factory.mktemp("fuzz")
    half_plus.write(base / "half", "1")
    (base / "movielens").mkdir()
    tiny.save(base / "movielens" / "1")
    models = [Model(name, str(base / name)) for name in ("half", "movielens")]
    metrics = Metrics()
    manager = Manager(models, Settings(), metrics)
    manager.start()
    requests = Requests(manager.served, metrics)
    (port,) = free_ports(1)
    over_grpc = grpc_api.create_server(requests, f"127.0.0.1:{port}", 2)
    over_grpc.start()
    rest = web.HttpServer(
        rest_api.RestApi(requests, None, 60), web.bind("127.0.0.1", 0), 2, rest_api.LARGEST_BODY
    )
    with GrpcTransport(f"127.0.0.1:{port}") as transport:
        asked = app.Page(RecommenderClient(transport), str(base / "movielens"))
        page = web.HttpServer(asked, web.bind("127.0.0.1", 0), 2, app.LARGEST_BODY)
        for server in (rest, page):
            server.begin()
        yield {"rest": rest.port, "grpc": port, "page": page.port}
        for server in (rest, page):
            server.close()
    over_grpc.stop(0).wait()
    manager.close()


class Generator:
    """Seeded source of values."""

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def scalar(self):
        rng = self.rng
        return rng.choice(
            (
                lambda: rng.randint(-5, 5),
                lambda: rng.choice((2**24 + 1, 2**31, 2**63, 2**64, 10**400, -(2**63) - 1)),
                lambda: rng.choice((0.5, -0.0, 1e39, 1e308, float("nan"), float("inf"))),
                lambda: rng.choice((True, False, None)),
                lambda: "".join(rng.choice('a1é"\\\0\ud800😀') for _ in range(rng.randint(0, 4))),
                lambda: {"b64": rng.choice(("YQ==", "YQ", "!", "", " Y Q", 1))},
            )
        )()

    def value(self, depth=3):
        rng = self.rng
        kind = rng.random()
        if depth == 0 or kind < 0.3:
            return self.scalar()
        if kind < 0.35:
            return self.nested(rng.choice((31, 32, 33, 64, 255, 300)))
        if kind < 0.75:
            return [self.value(depth - 1) for _ in range(rng.randint(0, 3))]
        return {rng.choice(NAMES): self.value(depth - 1) for _ in range(rng.randint(0, 3))}

    def nested(self, depth):
        found = self.scalar()
        for _ in range(depth):
            found = [found]
        return found

    def predict_body(self):
        rng = self.rng
        body = {}
        if rng.random() < 0.9:
            body[rng.choice(("instances", "inputs"))] = self.value()
        if rng.random() < 0.05:
            body[rng.choice(("instances", "inputs"))] = self.value()
        if rng.random() < 0.5:
            body["signature_name"] = rng.choice((*SIGNATURES, 1, None))
        return self.spoilt(json.dumps(body).encode())

    def page_body(self):
        rng = self.rng
        known = rng.choice((["1"], [], ["0", "2"], "1", "10"))
        body = {rng.choice(("user", "history", "x")): rng.choice((known, self.value()))}
        return self.spoilt(json.dumps(body).encode())

    def spoilt(self, text):
        """Returns bytes as they are, or some of them changed, or something else altogether."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.6:
            return text
        if kind < 0.65:
            depth = rng.choice((100, 500, 900, 990, 1500, 20_000))
            opening, closing = rng.choice(((b"[", b"]"), (b'{"a":', b"}")))
            inner = opening * depth + rng.choice((b"1", b"")) + closing * depth
            return b'{"%s":%s}' % (rng.choice((b"instances", b"history", b"inputs")), inner)
        if kind < 0.7:
            return rng.randbytes(rng.randint(0, 30))
        if kind < 0.75:
            return text.decode("latin-1").encode(rng.choice(("utf-16", "utf-32", "utf-8-sig")))
        spoilt = bytearray(text)
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(len(spoilt) + 1)
            spoilt[place : place + rng.randint(0, 3)] = rng.randbytes(rng.randint(0, 3))
        return bytes(spoilt)

    def rest_request(self):
        rng = self.rng
        model = rng.choice(("half", "half", "movielens", "movielens", "nobody", "a%2Fb", "%00", ""))
        place = rng.choice(("",) * 6 + ("/versions/1", "/versions/9", "/labels/a", "/versions/a"))
        end = rng.choice((":predict",) * 12 + (":classify", "/metadata", "", ":x", "?a=%zz"))
        method = rng.choice(("POST",) * 12 + ("GET", "PUT", "OPTIONS", "DELETE"))
        return method, f"/v1/models/{model}{place}{end}", self.predict_body()

    def grpc_request(self):
        from tensorflow_serving.apis import predict_pb2

        rng = self.rng
        request = predict_pb2.PredictRequest()
        if rng.random() < 0.97:
            request.model_spec.name = rng.choice(MODELS)
            request.model_spec.signature_name = rng.choice(("", *SIGNATURES))
        if rng.random() < 0.05:
            request.model_spec.version.value = rng.choice((1, 9, -1))
        if rng.random() < 0.05:
            request.model_spec.version_label = "nobody"
        for _ in range(rng.choice((0, 1, 1, 1, 2))):
            self._tensor(request.inputs[rng.choice(NAMES)])
        if rng.random() < 0.1:
            request.output_filter.append(rng.choice(("y", "scores", "no")))
        return rng.choice(METHODS), self.spoilt(request.SerializeToString())

    def _tensor(self, proto):
        rng = self.rng
        proto.dtype = rng.choice(
            (1, 1, 1, 7, 7, 7, 9, 9, 0, 2, 3, 8, 14, 19, 20, 21, 31, 101, 999, -1)
        )
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3, 33, 40))):
            proto.tensor_shape.dim.add(size=rng.choice((0, 1, 1, 2, 3, -1, 1025, 2**22, 2**62)))
        proto.tensor_shape.unknown_rank = rng.random() < 0.05
        count = rng.choice((0, 1, 1, 2, 3))
        fields = {
            "float_val": lambda: rng.choice((1.0, float("nan"))),
            "int_val": lambda: rng.randint(-(2**31), 2**31 - 1),
            "int64_val": lambda: rng.randint(-(2**63), 2**63 - 1),
            "string_val": lambda: rng.choice((b"1", b"\xff", b"")),
            "half_val": lambda: rng.randint(0, 2**17),
        }
        name = rng.choice((*fields, "tensor_content"))
        if name == "tensor_content":
            proto.tensor_content = rng.randbytes(rng.choice((0, 3, 4, 8)))
        else:
            getattr(proto, name).extend(fields[name]() for _ in range(count))


def ask(connection, method, path, body):
    """Returns the status and the JSON of an answer."""
    connection.request(method, path, body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    return response.status, json.loads(response.read())


@pytest.fixture
def quiet(caplog):
    """Checks that nothing that clients sent is an error in the log."""
    with caplog.at_level(logging.ERROR):
        yield
    assert [record.getMessage() for record in caplog.records] == []


def test_rest(apis, fuzz_cases, quiet):
    connection = http.client.HTTPConnection("127.0.0.1", apis["rest"], timeout=60)
    for seed in range(fuzz_cases):
        method, path, body = Generator(seed).rest_request()
        status, answer = ask(connection, method, path, body)
        assert status in (200, 400, 404, 501), (seed, method, path, body, answer)
        assert status == 200 or list(answer) == ["error"], (seed, answer)
    connection.close()


def test_page(apis, fuzz_cases, quiet):
    connection = http.client.HTTPConnection("127.0.0.1", apis["page"], timeout=60)
    for seed in range(fuzz_cases):
        body = Generator(seed).page_body()
        status, answer = ask(connection, "POST", "/api/recommendations", body)
        assert status in (200, 400, 413), (seed, body, answer)
        assert status == 200 or list(answer) == ["error"], (seed, answer)
    connection.close()


def test_grpc(apis, fuzz_cases, quiet):
    with grpc.insecure_channel(f"127.0.0.1:{apis['grpc']}") as channel:
        for seed in range(fuzz_cases):
            method, request = Generator(seed).grpc_request()
            call = channel.unary_unary(f"/tensorflow.serving.{method}")
            code, details = "OK", ""
            try:
                call(request, timeout=60)
            except grpc.RpcError as error:
                code, details = error.code().name, error.details()
            malformed = code == "INTERNAL" and details.startswith("The request is not a")
            assert code in GRPC_CODES or malformed, (seed, method, request, code, details)


def test_more_rows_than_the_bundle_takes(apis, quiet):
    """60 bytes claim four million rows, or a body has them: both are refused by name."""
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name = "movielens"
    claim = request.inputs["user_id"]
    claim.dtype, claim.string_val[:] = 7, [b"1"]
    claim.tensor_shape.dim.add(size=2**22)
    with (
        grpc.insecure_channel(f"127.0.0.1:{apis['grpc']}") as channel,
        pytest.raises(grpc.RpcError, match=r"serving\.max_batch.*1024.*4194304") as caught,
    ):
        channel.unary_unary("/tensorflow.serving.PredictionService/Predict")(
            request.SerializeToString(), timeout=60
        )
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    connection = http.client.HTTPConnection("127.0.0.1", apis["rest"], timeout=60)
    body = json.dumps({"instances": ["1"] * 10_000})
    status, answer = ask(connection, "POST", "/v1/models/movielens:predict", body)
    connection.close()
    assert status == 400
    assert "serving.max_batch" in answer["error"] and "10000" in answer["error"]
