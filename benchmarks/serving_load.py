"""Loads the local stand-in with clients, over gRPC and REST, and tells where the time goes.

    python -m benchmarks.serving_load [--base FOLDER] [--seconds 5]

Each row is one run of closed-loop clients, a process each, against one server process; they share
this machine's cores and speak over loopback. "graph" is the CPU of the same requests run in a bare
session without any server. It says nothing about the real TensorFlow Serving, which is C++.
"""

import argparse
import http.client
import json
import multiprocessing
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import grpc

from pipeline.config import output_paths
from pipeline.runs import records, tables

METHOD = "/tensorflow.serving.PredictionService/Predict"
STARTED = re.compile(r"gRPC on 127\.0\.0\.1:(\d+), REST on 127\.0\.0\.1:(\d+)")
CLIENTS, BATCHES = (1, 8), (1, 32)
WARM_UP_SECONDS = 0.5
GRAPH_RUNS = 200
USERS = 512
PATIENCE_SECONDS = 120
MODEL = "movielens"


def main() -> None:
    """Prints a table of loads."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", type=pathlib.Path, help="versions (default: the last pushed to)")
    parser.add_argument("--runs", type=pathlib.Path, default=pathlib.Path("runs"))
    parser.add_argument("--seconds", type=float, default=5.0, help="of each row (default: 5)")
    options = parser.parse_args()
    base = options.base or base_of_the_last_push(options.runs)
    version = max((path for path in base.iterdir() if path.name.isdecimal()), key=os.path.getmtime)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        users, graph = pool.apply(graph_cpu, (str(version),))
    print(f"{version}, {len(users)} known users asked in turn; graph alone, CPU ms per request: ")
    print(", ".join(f"batch {batch}: {graph[batch]:.2f}" for batch in BATCHES) + "\n")
    rows = [("API", "clients", "batch", "req/s", "users/s", "p50 ms", "p99 ms", "CPU ms", "graph")]
    with tempfile.NamedTemporaryFile("r", suffix=".log") as log:
        server, grpc_port, rest_port = start(base.absolute(), log.name)
        try:
            for api, port in (("gRPC", grpc_port), ("REST", rest_port)):
                for clients in CLIENTS:
                    for batch in BATCHES:
                        bodies = requests(api, users, batch)
                        found = load(server.pid, api, port, clients, bodies, options.seconds)
                        rows.append(row(api, clients, batch, *found, graph[batch]))
        finally:
            server.terminate()
            server.wait()
    print(tables.columns(rows))


def base_of_the_last_push(runs: pathlib.Path) -> pathlib.Path:
    """Returns the folder of versions that a run pushed to last."""
    record = records.find(runs, None, pushed=True)
    return output_paths(pathlib.Path(record.output), record.model)["serving_base"]


def start(base: pathlib.Path, log: str) -> tuple[subprocess.Popen, int, int]:
    """Returns a server that answers, and its ports."""
    flags = ["--port=0", "--rest_api_port=0", f"--model_name={MODEL}", f"--model_base_path={base}"]
    with open(log, "w") as stderr:
        server = subprocess.Popen([sys.executable, "-m", "serving.stand_in", *flags], stderr=stderr)
    while True:
        ports = STARTED.search(pathlib.Path(log).read_text())
        if ports:
            return server, int(ports[1]), int(ports[2])
        if server.poll() is not None:
            raise RuntimeError(f"The server ended:\n{pathlib.Path(log).read_text()}")
        time.sleep(0.1)


def graph_cpu(version: str) -> tuple[list[str], dict[int, float]]:
    """Returns known users, and the CPU milliseconds of a bare session by batch size."""
    import numpy as np
    import tensorflow as tf

    from serving.page import catalogue
    from serving.stand_in.servable import Servable

    tf.get_logger().setLevel("ERROR")
    users = list(catalogue.read(version).histories)[:USERS]
    servable = Servable(version, tf.compat.v1.ConfigProto())
    signature = servable.signature("")
    cost = {}
    for batch in BATCHES:
        inputs = [{"user_id": np.array(asked, object)} for asked in batches(users, batch)]
        for each in inputs[:10]:
            servable.run(signature, each, signature.outputs, None)
        began = time.process_time()
        for turn in range(GRAPH_RUNS):
            servable.run(signature, inputs[turn % len(inputs)], signature.outputs, None)
        cost[batch] = (time.process_time() - began) / GRAPH_RUNS * 1000
    return users, cost


def batches(users: list[str], size: int) -> list[list[str]]:
    """Returns the users in batches of one size."""
    return [users[first : first + size] for first in range(0, len(users) - size + 1, size)]


def requests(api: str, users: list[str], batch: int) -> list[bytes]:
    """Returns the bodies of requests, a batch of users each."""
    if api == "REST":
        return [json.dumps({"inputs": asked}).encode() for asked in batches(users, batch)]
    with multiprocessing.get_context("spawn").Pool(1) as pool:  # TensorFlow, but not in here
        return pool.apply(_messages, (batches(users, batch),))


def _messages(asked: list[list[str]]) -> list[bytes]:
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    made = []
    for users in asked:
        request = predict_pb2.PredictRequest()
        request.model_spec.name = MODEL
        request.inputs["user_id"].CopyFrom(tf.make_tensor_proto(users))
        made.append(request.SerializeToString())
    return made


def load(
    pid: int, api: str, port: int, clients: int, bodies: list[bytes], seconds: float
) -> tuple[float, list[float], float]:
    """Runs clients for some seconds.

    Returns:
        Seconds, the latency of every request in seconds, and the server's CPU seconds.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(clients + 1)
    results = context.Queue()
    client = _grpc_client if api == "gRPC" else _rest_client
    arguments = (client, port, bodies, seconds, barrier, results)
    workers = [context.Process(target=_work, args=(*arguments, n)) for n in range(clients)]
    for worker in workers:
        worker.start()
    barrier.wait(PATIENCE_SECONDS)
    time.sleep(WARM_UP_SECONDS)
    before, began = cpu_seconds(pid), time.monotonic()
    latencies = [latency for _ in workers for latency in results.get(timeout=PATIENCE_SECONDS)]
    took, used = time.monotonic() - began, cpu_seconds(pid) - before
    for worker in workers:
        worker.join()
    return took, latencies, used


def _work(client, port, bodies, seconds, barrier, results, number):  # type: ignore[no-untyped-def]
    ask = client(port)
    ask(bodies[number % len(bodies)])
    barrier.wait(PATIENCE_SECONDS)
    warm = time.monotonic() + WARM_UP_SECONDS
    turn = number * len(bodies) // 8
    while time.monotonic() < warm:
        ask(bodies[turn % len(bodies)])
        turn += 1
    latencies = []
    now = time.monotonic()
    end = now + seconds
    while now < end:
        ask(bodies[turn % len(bodies)])
        turn += 1
        before, now = now, time.monotonic()
        latencies.append(now - before)
    results.put(latencies)


def _grpc_client(port):  # type: ignore[no-untyped-def]
    channel = grpc.insecure_channel(
        f"127.0.0.1:{port}", options=[("grpc.max_receive_message_length", -1)]
    )
    ask = channel.unary_unary(METHOD)  # bytes in, bytes out: decoding is not the server's cost
    return lambda body: (channel, ask(body))[1]  # the channel lives as long as its calls


def _rest_client(port):  # type: ignore[no-untyped-def]
    connection = http.client.HTTPConnection("127.0.0.1", port)
    path = f"/v1/models/{MODEL}:predict"

    def ask(body: bytes) -> bytes:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.read()
        if response.status != 200:
            raise RuntimeError(f"HTTP {response.status}: {answer[:300]!r}")
        return answer

    return ask


def cpu_seconds(pid: int) -> float:
    """Returns the CPU seconds that a process has used; Linux only."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def row(
    api: str,
    clients: int,
    batch: int,
    took: float,
    latencies: list[float],
    used: float,
    graph: float,
) -> tuple[str, ...]:
    """Returns a row of the table; "graph" is its share of the server's CPU."""
    latencies = sorted(latencies)
    count = len(latencies)
    cpu = used / count * 1000
    return (
        api,
        str(clients),
        str(batch),
        f"{count / took:.0f}",
        f"{count * batch / took:.0f}",
        f"{latencies[count // 2] * 1000:.1f}",
        f"{latencies[count * 99 // 100] * 1000:.1f}",
        f"{cpu:.2f}",
        f"{graph / cpu * 100:.0f}",
    )


if __name__ == "__main__":
    main()
