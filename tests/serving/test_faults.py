"""What happens to a server in use: swaps and kills under load, bad and slow clients, bad starts."""

import concurrent.futures
import http.client
import json
import pathlib
import shutil
import signal
import socket
import threading
import time

import grpc
import numpy as np
import pytest
import tensorflow as tf

CLIENTS = 4
REQUESTS = 2000


def test_two_thousand_requests_across_a_hot_swap(serve, write_half_plus, tmp_path):
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    write_half_plus(tmp_path, "1", 2)
    staged = write_half_plus(tmp_path.parent, "2", 3)
    server = serve(f"--model_base_path={tmp_path}", "--model_name=half")
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "half"
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([1.0]))
    expected = {1: 2.5, 2: 3.5}
    pushed = threading.Event()
    lock = threading.Lock()
    left = [REQUESTS]
    versions = []

    def ask(stub):
        while True:
            with lock:
                left[0] -= 1
                if left[0] < 0 and 2 in versions:
                    return
                if left[0] == REQUESTS // 2:
                    staged.rename(tmp_path / "2")
                    pushed.set()
            response = stub.Predict(request, timeout=60)  # no retry hides an error
            version = response.model_spec.version.value
            assert list(response.outputs["y"].float_val) == [expected[version]]
            versions.append(version)

    with (
        grpc.insecure_channel(server.address) as channel,
        concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool,
    ):
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        for done in [pool.submit(ask, stub) for _ in range(CLIENTS)]:
            done.result(300)
    assert pushed.is_set()
    assert len(versions) >= REQUESTS
    assert set(versions) == {1, 2}
    server.wait_for_states({1: "END", 2: "AVAILABLE"})


@pytest.mark.parametrize("kind", ["grpc", "rest"])
def test_clients_outlive_a_kill_under_load(serve, write_half_plus, tmp_path, kind):
    from serving.client import grpc_transport, rest_transport

    write_half_plus(tmp_path, "1")
    flags = (f"--model_base_path={tmp_path}", "--model_name=half")
    server = serve(*flags)
    if kind == "grpc":
        client = grpc_transport.GrpcTransport(server.address, "half", deadline=300)
    else:
        client = rest_transport.RestTransport(server.url, "half", deadline=300)
    answered = []
    stop = threading.Event()

    def ask():
        while not stop.is_set():
            inputs = {"text": ["a"], "count": np.array([7], np.int64)}
            answer = client.predict("kinds", inputs)
            assert answer.outputs["count"].tolist() == [7]
            answered.append(time.monotonic())

    with client, concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        asking = [pool.submit(ask) for _ in range(CLIENTS)]
        wait_until(lambda: len(answered) > 50)
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
        serve(*flags, port=server.grpc_port, rest_api_port=server.rest_port)
        restarted = time.monotonic()
        wait_until(lambda: sum(at > restarted for at in answered) > 50)
        stop.set()
        for done in asking:
            done.result(330)  # raises what a client saw: nothing


def wait_until(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture(scope="module")
def server(serve, write_half_plus, tmp_path_factory):
    base = tmp_path_factory.mktemp("models")
    write_half_plus(base, "1")
    flags = (f"--model_base_path={base}", "--model_name=half", "--rest_api_timeout_in_ms=4000")
    return serve(*flags)


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


@pytest.mark.parametrize("kind", ["grpc", "rest"])
def test_a_client_gives_up_at_its_deadline(free_port, kind):
    from serving.client import grpc_transport, rest_transport
    from serving.client.transport import ServingUnavailable

    nobody = f"127.0.0.1:{free_port}"
    with (
        (
            grpc_transport.GrpcTransport(nobody, deadline=0.3)
            if kind == "grpc"
            else rest_transport.RestTransport(f"http://{nobody}", deadline=0.3)
        ) as transport,
        pytest.raises(ServingUnavailable, match=nobody),
    ):
        transport.predict("serving_default", {"x": [1.0]})


def test_a_junk_version_shows_in_status_and_log(serve, write_half_plus, tmp_path):
    write_half_plus(tmp_path, "1")
    server = serve(f"--model_base_path={tmp_path}", "--model_name=half", "--max_num_load_retries=1")
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / "saved_model.pb").write_bytes(b"junk")
    server.wait_for_states({1: "AVAILABLE", 2: "END"})
    assert server.predict({"instances": [1.0]}) == (200, {"predictions": [2.5]})
    assert "Version 2 of half" in server.said()
    assert "given up" in server.said()
    shutil.rmtree(tmp_path)
    time.sleep(0.5)
    assert server.predict({"instances": [1.0]}) == (200, {"predictions": [2.5]})
    assert server.stop() == 0


def test_a_first_start_without_a_model_waits_for_one(serve, write_half_plus, tmp_path, free_port):
    base = tmp_path / "later"
    server = serve(
        f"--model_base_path={base}",
        "--model_name=half",
        wait=False,
        rest_api_port=free_port,
    )
    server.wait_for("No versions of servable half")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", free_port), timeout=5)
    write_half_plus(base, "1")
    server.started()
    assert server.predict({"instances": [1.0]}) == (200, {"predictions": [2.5]})


def test_it_can_be_stopped_while_it_waits_for_a_model(serve, tmp_path):
    server = serve(f"--model_base_path={tmp_path}", "--model_name=half", wait=False)
    server.wait_for("No versions of servable half")
    assert server.stop() == 0


def test_requests_in_flight_are_answered_before_it_stops(serve, write_half_plus, tmp_path):
    write_half_plus(tmp_path, "1")
    server = serve(f"--model_base_path={tmp_path}", "--model_name=half")
    body = json.dumps({"inputs": [1.0] * 100_000}).encode()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        path = "/v1/models/half:predict"
        asking = [pool.submit(server.post, path, body) for _ in range(8)]
        server_is_busy = ':request_count{model_name="half",status="OK"}'
        wait_until(lambda: server_is_busy in server.get("/monitoring/prometheus/metrics")[1])
        server.process.send_signal(signal.SIGTERM)
        statuses = {done.result(60)[0] for done in asking}
    assert statuses <= {200, 503}
    assert 200 in statuses
    assert server.stop() == 0
    assert "Stopped." in server.said()


def test_a_broken_configuration_ends_the_start(serve, tmp_path):
    path = tmp_path / "models.config"
    path.write_text("model_config_list { config {")
    server = serve(f"--model_config_file={path}", wait=False)
    assert server.process.wait(180) == 1
    assert "Error parsing text-format tensorflow.serving.ModelServerConfig" in server.said()
    assert str(path) in server.said()


def test_a_port_in_use_ends_the_start(server, serve, write_half_plus, tmp_path):
    write_half_plus(tmp_path, "1")
    flags = (f"--model_base_path={tmp_path}", "--model_name=half")
    other = serve(*flags, wait=False, port=server.grpc_port)
    assert other.process.wait(180) == 1
    assert "is the port in use?" in other.said()


# The real bundle's code, its towers made up.


@pytest.fixture(scope="module")
def bundle(serve, bundle_base):
    return serve(f"--model_base_path={bundle_base}", "--model_name=movielens")


@pytest.fixture(params=["grpc", "rest"])
def recommender(request, bundle):
    from serving.client import grpc_transport, recommender, rest_transport

    if request.param == "grpc":
        transport = grpc_transport.GrpcTransport(bundle.address)
    else:
        transport = rest_transport.RestTransport(bundle.url)
    with transport:
        yield recommender.RecommenderClient(transport, batch_size=3)


def test_known_and_unknown_users_in_batches(recommender):
    users = [str(user) for user in range(1, 13)]
    answers = recommender.for_users([*users, "nobody", ""], k=5)
    assert [answer.known_user for answer in answers] == [True] * 12 + [False] * 2
    assert all(len(answer.movies) == 5 for answer in answers)
    scores = [movie.score for movie in answers[0].movies]
    assert scores == sorted(scores, reverse=True)
    assert answers[0].version in (1, None)
    assert recommender.for_users([]) == []


def test_ten_thousand_exclusions(recommender):
    everything_but_9 = [str(movie) for movie in range(1, 61) if movie != 9]
    exclude = everything_but_9 + [f"unknown {n}" for n in range(10_000 - 59)]
    assert len(exclude) == 10_000
    answer = recommender.for_history(["1", "2"], 10, exclude=exclude)
    assert [movie.movie_id for movie in answer.movies] == ["9"]


def test_an_empty_history_gets_what_is_popular(recommender):
    answer = recommender.for_history([], 3)
    assert not answer.known_user
    assert len(answer.movies) == 3


def test_similar(recommender):
    known, unknown = recommender.similar(["7", "no such movie"], 4)
    assert len(known.movies) == 4
    assert "7" not in {movie.movie_id for movie in known.movies}
    assert unknown.movies == ()


def test_an_empty_batch_over_grpc(bundle):
    from serving.client import grpc_transport

    with grpc_transport.GrpcTransport(bundle.address) as transport:
        answer = transport.predict("serving_default", {"user_id": np.array([], object)})
    assert answer.outputs["movie_ids"].shape == (0, 20)


@pytest.mark.parametrize("rows", [1, 3], ids=["fewer", "more"])
@pytest.mark.parametrize(
    "name", ["history_movie_ids", "exclude_movie_ids", "age", "gender", "occupation", "zip"]
)
@pytest.mark.parametrize("kind", ["grpc", "rest"])
def test_an_input_of_another_number_of_rows_is_refused_by_name(bundle, kind, name, rows):
    from serving.client import grpc_transport, rest_transport
    from serving.client.transport import RequestRefused

    inputs = {
        "history_movie_ids": [["1"], ["2"]],
        "exclude_movie_ids": [["1"], ["2"]],
        "age": np.array([-1, -1], np.int64),
        "gender": ["", ""],
        "occupation": ["", ""],
        "zip": ["", ""],
    }
    if kind == "grpc":
        transport, code = grpc_transport.GrpcTransport(bundle.address), "INVALID_ARGUMENT"
    else:
        transport, code = rest_transport.RestTransport(bundle.url), "HTTP 400"
    with transport:
        assert transport.predict("recommend", inputs).outputs["movie_ids"].shape == (2, 20)
        value = inputs[name]
        inputs[name] = np.repeat(value[:1], rows) if name == "age" else value[:1] * rows
        with pytest.raises(RequestRefused) as refused:
            transport.predict("recommend", inputs)
    assert code in str(refused.value)
    assert "Inputs differ in their number of rows" in str(refused.value)
    counts = " ".join(str(rows if other == name else 2) for other in inputs)
    assert f"[{counts}]" in str(refused.value)
