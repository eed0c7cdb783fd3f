"""Models to serve, and servers of them: each a process of its own, as in use."""

import functools
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import numpy as np
import pytest

from support import ROOT, certificates
from support.ports import free_ports

STARTED = re.compile(r"gRPC on 127\.0\.0\.1:(\d+), REST on 127\.0\.0\.1:(\d+)")
SCRIPT_TITLE = "<script>document.title='broken'</script> (1999)"


class Server:
    """A running local stand-in."""

    def __init__(self, log, *flags):
        self.log = log
        self.process = subprocess.Popen(
            [sys.executable, "-m", "serving.stand_in", *map(str, flags)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=log.open("w"),
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        self.grpc_port = self.rest_port = 0

    def said(self):
        return self.log.read_text()

    def wait_for(self, pattern, seconds=300):
        """Waits until the log has the pattern."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            match = re.search(pattern, self.said())
            if match:
                return match
            if self.process.poll() is not None and not re.search(pattern, self.said()):
                break
            time.sleep(0.05)
        raise AssertionError(f"{pattern!r} was not said:\n{self.said()}")

    def started(self):
        ports = self.wait_for(STARTED)
        self.grpc_port, self.rest_port = int(ports[1]), int(ports[2])
        return self

    @property
    def url(self):
        return f"http://127.0.0.1:{self.rest_port}"

    @property
    def address(self):
        return f"127.0.0.1:{self.grpc_port}"

    def get(self, path):
        return self.send("GET", path)

    def post(self, path, body):
        return self.send(
            "POST", path, body if isinstance(body, bytes) else json.dumps(body).encode()
        )

    def send(self, method, path, body=None):
        """Returns status and text of an answer."""
        request = urllib.request.Request(self.url + path, data=body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def predict(self, body, model="half", place=""):
        status, text = self.post(f"/v1/models/{model}{place}:predict", body)
        return status, json.loads(text)

    def states(self, model="half"):
        """Returns state by version."""
        _, text = self.get(f"/v1/models/{model}")
        entries = json.loads(text)["model_version_status"]
        return {int(entry["version"]): entry["state"] for entry in entries}

    def wait_for_states(self, states, model="half", seconds=180):
        end = time.monotonic() + seconds
        while self.states(model) != states:
            assert time.monotonic() < end, f"{self.states(model)}\n{self.said()}"
            time.sleep(0.05)

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(180)


@pytest.fixture(scope="module")
def serve(tmp_path_factory):
    """A function that starts a server with flags on free ports; all are ended after the module."""
    servers = []

    def serve(*flags, wait=True, port=0, rest_api_port=0):
        log = tmp_path_factory.mktemp("log") / "server.log"
        quick = ("--file_system_poll_wait_seconds=0.1", "--load_retry_interval_micros=100000")
        ports = (f"--port={port}", f"--rest_api_port={rest_api_port}")
        servers.append(Server(log, *ports, *quick, *flags))
        return servers[-1].started() if wait else servers[-1]

    yield serve
    for server in servers:
        server.stop(signal.SIGKILL)


@pytest.fixture
def write_certificate(tmp_path):
    """A function that writes a certificate for hosts; see `support.certificates`."""
    return functools.partial(certificates.write, tmp_path)


@pytest.fixture(scope="session")
def write_half_plus():
    """A function that exports y = x / 2 + `b` as a version; see `support.half_plus`."""
    from support import half_plus

    return half_plus.write


@pytest.fixture(scope="session")
def bundle_base(tmp_path_factory):
    """A base path with one bundle of ours, its towers made up: version 1 of `movielens`."""
    import tensorflow as tf

    from components.bundle import build, manifest, records, signatures
    from transform import datasets, features, queries

    definition = datasets.load(datasets.MOVIELENS)

    size, users, dim = 60, 12, 8
    chance = np.random.default_rng(0)
    ids = np.array(sorted(str(item).encode() for item in range(1, size + 1)), object)
    titles = [f"Item {item.decode()} (1999)" for item in ids]
    titles[list(ids).index(b"7")] = SCRIPT_TITLE
    vectors = chance.normal(size=(size, dim)).astype(np.float32)

    def example(**values):
        built = tf.train.Example()
        for name, value in values.items():
            kind = {bytes: "bytes_list", float: "float_list", int: "int64_list"}[type(value[0])]
            getattr(built.features.feature[name], kind).value.extend(value)
        return built.SerializeToString()

    class Towers(tf.Module):
        def __init__(self):
            super().__init__()
            self.vectors = tf.Variable(vectors)
            self.table = tf.lookup.StaticHashTable(
                tf.lookup.KeyValueTensorInitializer(
                    tf.constant(list(ids)), tf.range(size, dtype=tf.int64)
                ),
                -1,
            )

        def _embed(self, item_ids):
            rows = self.table.lookup(item_ids)
            found = tf.cast(rows >= 0, tf.float32)[..., tf.newaxis]
            return tf.gather(self.vectors, tf.maximum(rows, 0)) * found

        @tf.function(input_signature=[queries.specs(definition)])
        def embed_query(self, query):
            seen = self._embed(query[features.ITEM_ID])
            known = tf.reduce_any(seen != 0, axis=[1, 2])
            told = tf.concat([query["age"][:, tf.newaxis], query["rating"]], axis=1)
            liking = tf.reduce_sum(tf.where(tf.math.is_nan(told), 0.0, told), axis=1) / 100
            total = tf.reduce_sum(seen, axis=1)
            return {
                "embedding": tf.concat([total, liking[:, tf.newaxis]], axis=1),
                "known": known,
            }

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def embed_candidate(self, examples):
            spec = {features.ITEM_ID: tf.io.FixedLenFeature([], tf.string)}
            found = self._embed(tf.io.parse_example(examples, spec)[features.ITEM_ID])
            return tf.concat([found, tf.ones_like(found[:, :1])], axis=1)

    items = records.Items(
        examples=np.array(
            [example(item_id=[item], year=[1999.0], genres=[b"Drama", b"War"]) for item in ids],
            object,
        ),
        item_id=ids,
        title=np.array([title.encode() for title in titles], object),
    )
    timelines = np.array(
        [
            example(
                user_id=[str(user).encode()],
                item_id=[bytes(m) for m in chance.choice(ids, 5, replace=False)],
                rating=[3.0] * 5,
                time=[100, 200, 300, 400, 500],
            )
            for user in range(1, users + 1)
        ],
        object,
    )
    base = tmp_path_factory.mktemp("serving") / "movielens"
    base.mkdir()
    bundle = build.build(Towers(), items, timelines, definition, 20, True)
    signatures.save(bundle, str(base / "1"))
    stated = json.loads(definition.to_json())
    manifest.write(str(base / "1"), manifest.Manifest({}, {}, {}, {}, {}, {}, stated))
    return base


@pytest.fixture
def free_port():
    return free_ports(1)[0]
