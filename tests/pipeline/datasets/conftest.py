"""A made-up release, fetched from a server and a wheel of this machine; no network is used."""

import functools
import http.server
import threading

import pytest

from support.tiny_release import World


@pytest.fixture
def world(tmp_path, monkeypatch):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(tmp_path / "website"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield World(tmp_path, f"http://127.0.0.1:{server.server_port}", monkeypatch)
        server.shutdown()
