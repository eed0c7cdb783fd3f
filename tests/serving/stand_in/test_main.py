"""The process: how it starts, swaps versions under load, and stops."""

import concurrent.futures
import json
import pathlib
import shutil
import signal
import socket
import threading
import time

import grpc
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


def wait_until(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


needs_proc = pytest.mark.skipif(
    not pathlib.Path("/proc/self/maps").exists(), reason="looks into Linux's /proc"
)


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


@pytest.mark.parametrize("name", ["grpc_port", "rest_port"])
def test_a_port_in_use_ends_the_start_before_a_model_is_loaded(server, serve, tmp_path, name):
    port = getattr(server, name)
    ports = {"port": port} if name == "grpc_port" else {"rest_api_port": port}
    other = serve(f"--model_base_path={tmp_path}", "--model_name=half", wait=False, **ports)
    assert other.process.wait(180) == 1
    assert f"port {port} of 127.0.0.1: Address already in use" in other.said()
    assert "No versions" not in other.said()
