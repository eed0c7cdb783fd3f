"""What both transports promise: retries until a deadline, and refusals that say why."""

import concurrent.futures
import re
import signal
import threading
import time

import numpy as np
import pytest

from serving.client import grpc_transport, rest_transport
from serving.client.transport import (
    RequestRefused,
    ServingUnavailable,
    Transient,
    decode_texts,
    until_deadline,
)

CLIENTS = 4


@pytest.mark.parametrize("kind", ["grpc", "rest"])
def test_clients_outlive_a_kill_under_load(serve, write_half_plus, tmp_path, kind):
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


@pytest.mark.parametrize("kind", ["grpc", "rest"])
def test_a_client_gives_up_at_its_deadline(free_port, kind):
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


@pytest.mark.parametrize("rows", [1, 3], ids=["fewer", "more"])
@pytest.mark.parametrize(
    "name", ["history_item_ids", "history_rating", "exclude_item_ids", "age", "zip"]
)
@pytest.mark.parametrize("kind", ["grpc", "rest"])
def test_an_input_of_another_number_of_rows_is_refused_by_name(bundle, kind, name, rows):
    inputs = {
        "history_item_ids": [["1"], ["2"]],
        "history_times": np.zeros([2, 1], np.int64),
        "history_rating": np.ones([2, 1], np.float32),
        "exclude_item_ids": [["1"], ["2"]],
        "request_time": np.zeros(2, np.int64),
        "age": np.array([30, 40], np.float32),
        "gender": ["", ""],
        "occupation": ["", ""],
        "zip": ["", ""],
    }
    if kind == "grpc":
        transport, code = grpc_transport.GrpcTransport(bundle.address), "INVALID_ARGUMENT"
    else:
        transport, code = rest_transport.RestTransport(bundle.url), "HTTP 400"
    with transport:
        assert transport.predict("recommend", inputs).outputs["item_ids"].shape == (2, 20)
        value = inputs[name]
        one = value[:1]
        inputs[name] = one * rows if isinstance(value, list) else np.repeat(one, rows, axis=0)
        with pytest.raises(RequestRefused) as refused:
            transport.predict("recommend", inputs)
    assert code in str(refused.value)
    told = re.search("differ in their number of rows; of (.*) there are", str(refused.value))
    assert told
    counts = " ".join(str(rows if other == name else 2) for other in told[1].split(", "))
    assert set(told[1].split(", ")) == set(inputs)
    assert f"[{counts}]" in str(refused.value)


def test_attempts_are_repeated_until_one_succeeds():
    lefts = []

    def attempt(left):
        lefts.append(left)
        if len(lefts) < 3:
            raise Transient("not yet")
        return "answer"

    assert until_deadline(attempt, 60, "a server") == "answer"
    assert len(lefts) == 3
    assert 60 >= lefts[0] > lefts[1] > lefts[2] > 0  # each is told what is left


def test_an_error_that_is_not_transient_ends_the_attempts():
    calls = []

    def attempt(left):
        calls.append(left)
        raise RequestRefused("wrong")

    with pytest.raises(RequestRefused, match="wrong"):
        until_deadline(attempt, 60, "a server")
    assert len(calls) == 1


def test_the_deadline_names_the_server_and_the_last_failure():
    def attempt(_):
        raise Transient("HTTP 503")

    with pytest.raises(ServingUnavailable, match=r"a server within 0\.1 s: HTTP 503"):
        until_deadline(attempt, 0.1, "a server")


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([[b"a", "é".encode()], [b"", b"c"]], object), [["a", "é"], ["", "c"]]),
        (np.array([], object), []),
        (np.array([[1.5]], np.float32), [[1.5]]),
    ],
    ids=["texts", "none", "numbers"],
)
def test_texts_are_decoded(array, expected):
    assert decode_texts(array).tolist() == expected
