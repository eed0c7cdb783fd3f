"""`movielens serve`, as a user runs it."""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request

import pyarrow.parquet
import pytest

from serving import engine
from serving.serve import _wait_for_version, serve
from serving.web.security import Security
from support import ROOT
from support.canned_server import answering
from support.ports import free_ports


class Serving:
    """A running `movielens serve`."""

    def __init__(self, folder, *arguments):
        self.grpc_port, self.rest_port, self.web_port = free_ports(3)
        self.log = folder / "serve.log"
        ports = (self.grpc_port, self.rest_port, self.web_port)
        flags = zip(("--grpc-port", "--rest-port", "--web-port"), map(str, ports), strict=True)
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "pipeline.cli", "serve"),
                *(part for flag in flags for part in flag),
                *map(str, arguments),
            ],
            cwd=ROOT,
            stdout=self.log.open("w"),
            stderr=subprocess.STDOUT,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
        )

    def wait_for(self, text, seconds=300):
        end = time.monotonic() + seconds
        while text not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.1)

    def json(self, port, path, body=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}",
            data=json.dumps(body).encode() if body else None,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def server_pid(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        (pid,) = map(int, children.read_text().split())
        return pid


@pytest.fixture
def base(tmp_path, bundle_base):
    """A folder of versions whose path needs quoting; with a backslash TensorFlow finds no file."""
    base = tmp_path / 'a "b" für c' / "movielens"
    shutil.copytree(bundle_base, base)
    return base


@pytest.fixture
def serving(tmp_path, base):
    log = tmp_path / "shown"
    started = Serving(tmp_path, "--base", base, "--engine", "local", "--request-log", log)
    yield started
    started.process.terminate()
    started.process.wait(180)


def listens(port):
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def test_it_serves_takes_over_a_push_and_stops(serving, tmp_path, base, bundle_base):
    serving.wait_for("Ctrl-C stops it.")
    said = serving.log.read_text()
    assert "a local stand-in" in said and "not the real binary" in said
    example = """/v1/models/movielens:predict -d '{"instances": ["1"]}'"""
    assert example in said
    asked = {"instances": ["3"]}
    answer = serving.json(serving.rest_port, "/v1/models/movielens:predict", asked)
    assert len(answer["predictions"][0]["item_ids"]) == 20
    shutil.copytree(bundle_base / "1", tmp_path / "2.incoming")
    (tmp_path / "2.incoming").rename(base / "2")
    end = time.monotonic() + 180
    while serving.json(serving.web_port, "/api/catalogue")["version"] != "2":
        assert time.monotonic() < end
        time.sleep(0.2)
    shown = serving.json(serving.web_port, "/api/recommendations", {"user": "3"})
    serving.process.send_signal(signal.SIGTERM)
    assert serving.process.wait(180) == 0
    (log,) = (tmp_path / "shown" / "impressions").iterdir()
    logged = [row for row in pyarrow.parquet.read_table(log).to_pylist() if row["user_id"] == "3"]
    assert [row["item_id"] for row in logged] == [item["id"] for item in shown["items"]]
    assert {row["version"] for row in logged} == {2}
    assert not any(map(listens, (serving.grpc_port, serving.rest_port, serving.web_port)))


@pytest.mark.skipif(not pathlib.Path("/proc/self/task").exists(), reason="needs Linux's /proc")
def test_it_ends_with_its_server(serving):
    serving.wait_for("Ctrl-C stops it.")
    os.kill(serving.server_pid(), signal.SIGKILL)
    assert serving.process.wait(180) == 1
    assert "The model server ended with status -9" in serving.log.read_text()


def test_with_certificate_and_token(tmp_path, bundle_base, write_certificate):
    written = write_certificate("recs.example")
    token = tmp_path / "token"
    token.write_text("secret")
    base = tmp_path / "serving" / "movielens"
    shutil.copytree(bundle_base, base)
    files = ("--tls-cert", written.chain, "--tls-key", written.key, "--token-file", token)
    started = Serving(tmp_path, "--base", base, "--engine", "local", *files, "--no-users")
    try:
        started.wait_for("Ctrl-C stops it.")
        said = started.log.read_text()
        assert f"page   https://127.0.0.1:{started.web_port}/" in said
        assert str(token) in said and "secret" not in said
        context = ssl.create_default_context(cafile=written.authority)
        context.check_hostname = False
        statuses = {}
        for header in ({}, {"Authorization": "Bearer secret"}):
            connection = http.client.HTTPSConnection(
                "127.0.0.1", started.web_port, context=context, timeout=60
            )
            connection.request("GET", "/api/catalogue", headers=header)
            response = connection.getresponse()
            statuses[response.status] = json.loads(response.read())
            connection.close()
        assert list(statuses) == [401, 200]
        assert (statuses[200]["version"], statuses[200]["users"]) == ("1", False)
    finally:
        started.process.terminate()
        started.process.wait(180)


def test_the_real_server_is_given_no_certificate_and_no_token(tmp_path):
    (tmp_path / "models.config").touch()
    (tmp_path / "token").write_text("secret")
    security = Security(token_file=str(tmp_path / "token"))
    with pytest.raises(ValueError, match="put a proxy before it"):
        serve(str(tmp_path / "movielens"), "127.0.0.1", 0, 0, 0, "docker", None, security=security)


@pytest.mark.parametrize("option", ["--grpc-port", "--rest-port", "--web-port"])
def test_a_port_in_use_is_named_and_nothing_is_started(tmp_path, option, capfd):
    base = tmp_path / "movielens"
    (tmp_path / "models.config").touch()
    ports = dict.fromkeys(["--grpc-port", "--rest-port", "--web-port"], 0)
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports[option] = other.getsockname()[1]
        with pytest.raises(OSError, match=f"port {ports[option]} of .* in use; .*{option}"):
            serve(str(base), "127.0.0.1", *ports.values(), "local", None)
    assert "Stopped" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--base", "/no/such/folder"], "/no/such/folder is not a folder"),
        (["--runs", "/no/such/folder"], "No run under /no/such/folder was pushed yet"),
    ],
)
def test_nothing_to_serve(tmp_path, arguments, message):
    failed = Serving(tmp_path, *arguments)
    assert failed.process.wait(180) == 1
    assert message in failed.log.read_text()


def test_folder_without_a_configuration_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"There is no .*models\.config"):
        serve(str(tmp_path / "movielens"), "127.0.0.1", 0, 0, 0, "local", None)
    assert list(tmp_path.iterdir()) == []


def test_another_server_on_the_port_is_not_taken_for_ours(monkeypatch):
    """Docker reports a port that was taken meanwhile only after a while."""
    available = b'{"model_version_status": [{"version": "1", "state": "AVAILABLE"}]}'
    asked = []
    monkeypatch.setattr(engine, "container_runs", lambda container: asked.append(container))
    with (
        answering((200, available)) as other,
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1); exit(125)"]) as ours,
    ):
        address = engine.Address("127.0.0.1", 0, other.server_port)
        with pytest.raises(ValueError, match="ended with status 125"):
            _wait_for_version(ours, "ours", address, "movielens")
        assert set(asked) == {"ours"} and other.requests == []
        monkeypatch.setattr(engine, "container_runs", lambda container: True)
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as ours:
            _wait_for_version(ours, "ours", address, "movielens")
            ours.kill()


@pytest.mark.skipif(not engine.docker_works(), reason="no Docker daemon answers here")
def test_the_real_binary_serves_the_bundle(tmp_path, bundle_base):
    base = tmp_path / "serving" / "movielens"
    shutil.copytree(bundle_base, base)
    started = Serving(tmp_path, "--base", base, "--engine", "docker")
    try:
        started.wait_for("Ctrl-C stops it.", seconds=600)
        asked = {"instances": ["3"]}
        answer = started.json(started.rest_port, "/v1/models/movielens:predict", asked)
        assert len(answer["predictions"][0]["item_ids"]) == 20
    finally:
        started.process.terminate()
        started.process.wait(180)
