import http.server
import threading

import pytest

from serving.client.model_status import ModelStatus, NotAModelServer
from serving.client.transport import ServingUnavailable


@pytest.fixture
def server():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.paths.append(self.path)
            status, content = self.server.answer
            self.send_response(status)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.paths, server.answer = [], (200, b"{}")
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        server.url = f"http://127.0.0.1:{server.server_port}"
        yield server
        server.shutdown()


def test_the_answer_of_the_real_stand_in(serve, write_half_plus, tmp_path):
    write_half_plus(tmp_path, "7")
    server = serve(f"--model_base_path={tmp_path}", "--model_name=half")
    status = ModelStatus(server.url, "half", 60)
    (entry,) = status.fetch()["model_version_status"]
    assert (entry["version"], entry["state"]) == ("7", "AVAILABLE")
    assert status.fetch("/versions/7") == status.fetch()
    assert "Could not find version 8" in status.fetch("/versions/8")["error"]


def test_an_error_is_an_answer_too(server):
    server.answer = (404, b'{"error": "Could not find version 3"}')
    status = ModelStatus(server.url, 'movie "lens"', 5)
    assert status.fetch("/versions/3") == {"error": "Could not find version 3"}
    assert server.paths == ["/v1/models/movie%20%22lens%22/versions/3"]


@pytest.mark.parametrize("content", [b"", b"<html>", b"[1]", b"3", b"\xff"])
def test_what_is_no_model_server(server, content):
    server.answer = (200, content)
    with pytest.raises(NotAModelServer, match=f"{server.url} does not answer as TensorFlow"):
        ModelStatus(server.url, "movielens", 5).fetch()


def test_nobody_answers(free_port):
    url = f"http://127.0.0.1:{free_port}"
    with pytest.raises(ServingUnavailable) as raised:
        ModelStatus(url, "movielens", 5).fetch()
    assert str(raised.value).startswith(f"No answer from {url} (")
    assert "Connection refused" in str(raised.value)
    assert "object at 0x" not in str(raised.value)
