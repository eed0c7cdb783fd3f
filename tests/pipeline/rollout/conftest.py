"""A base with versions, and a server that follows models.config as TensorFlow Serving does."""

import http.server
import json
import threading

import pytest

from components.bundle import manifest
from components.registry import models_config, versions
from pipeline.rollout.model_server import ModelServer


def push_version(base, version):
    folder = base / str(version)
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_text(str(version))
    files = manifest.checksums(str(folder))
    manifest.write(str(folder), manifest.Manifest({}, {}, {}, {}, {}, files))


@pytest.fixture
def push():
    """A function that pushes a version under a base."""
    return push_version


@pytest.fixture
def base(tmp_path):
    base = tmp_path / "serving" / "movielens"
    for version in (1, 2, 3):
        push_version(base, version)
    return base


class Follower(http.server.ThreadingHTTPServer):
    """Loads what the configuration says; a label moves only to what was loaded the poll before."""

    def __init__(self, base, cannot_load=()):
        super().__init__(("127.0.0.1", 0), Handler)
        self.base, self.cannot_load = str(base), cannot_load
        self.available, self.labels, self.seen = {versions.served(str(base))}, {}, []

    def poll(self):
        wanted, labels = models_config.loaded(self.base), models_config.labels(self.base)
        if not self.seen or self.seen[-1] != (wanted, labels):
            self.seen.append((wanted, labels))
        if set(labels.values()) <= self.available:
            self.labels = labels
        self.available |= set(wanted) - set(self.cannot_load)

    def status(self, path):
        """Answers as TensorFlow Serving 2.16 does: a label has no part in a status."""
        self.poll()
        kind, name, *metadata = path.split("/")
        if kind == "labels" and metadata:
            if name not in self.labels:
                return 400, {"error": f"Unrecognized servable version label: {name}"}
            spec = {"name": "movielens", "signature_name": "", "version": str(self.labels[name])}
            return 200, {"model_spec": spec, "metadata": {"signature_def": {}}}
        if kind == "labels":
            every = [self.states(version, "AVAILABLE", "") for version in sorted(self.available)]
            return 200, {"model_version_status": [e["model_version_status"][0] for e in every]}
        version = int(name)
        if version in self.available:
            return 200, self.states(version, "AVAILABLE", "")
        if version in self.cannot_load:
            return 200, self.states(version, "END", "Data loss: corrupted record")
        return 404, {"error": f"Could not find version {version} of model movielens"}

    @staticmethod
    def states(version, state, message):
        status = {"error_code": "OK", "error_message": message}
        return {
            "model_version_status": [{"version": str(version), "state": state, "status": status}]
        }


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        code, answer = self.server.status(self.path.removeprefix("/v1/models/movielens/"))
        self.send_response(code)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def follow(base):
    servers = []

    def start(**options):
        server = Follower(base, **options)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return server, ModelServer(f"http://127.0.0.1:{server.server_port}", "movielens", 5)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
