import http.server
import json
import threading

import numpy as np
import pytest
import urllib3

from serving.client import rest_transport
from serving.client.transport import RequestRefused, ServingUnavailable


@pytest.fixture
def answering():
    """A function that starts a server with these answers, the last of them for ever."""
    servers = []

    def answering(*answers):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.server.requests.append((self.path, json.loads(body)))
                place = min(len(self.server.requests), len(answers)) - 1
                status, content = answers[place]
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.requests = []
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return server, f"http://127.0.0.1:{server.server_port}"

    yield answering
    for server in servers:
        server.shutdown()
        server.server_close()


GOOD = (200, b'{"outputs": {"ids": [["1", "2"]]}}')


@pytest.mark.parametrize("status", [429, 503, 504])
def test_an_overloaded_server_is_asked_again(answering, status):
    server, url = answering((status, b"busy"), (status, b"busy"), GOOD)
    with rest_transport.RestTransport(url, 'a "b"', "stable", deadline=60) as transport:
        answer = transport.predict("similar", {"age": np.array([7], np.int64), "id": ["é"]})
    assert answer.outputs["ids"].tolist() == [["1", "2"]]
    assert answer.version is None
    path, body = server.requests[-1]
    assert len(server.requests) == 3
    assert path == "/v1/models/a%20%22b%22/labels/stable:predict"
    assert body == {"signature_name": "similar", "inputs": {"age": [7], "id": ["é"]}}


@pytest.mark.parametrize("status", [400, 404, 500])
def test_a_refusal_is_passed_on_at_once(answering, status):
    server, url = answering((status, b"because"))
    with (
        rest_transport.RestTransport(url, deadline=60) as transport,
        pytest.raises(RequestRefused, match=f"HTTP {status} from {url}.*: because"),
    ):
        transport.predict("similar", {})
    assert len(server.requests) == 1


def test_the_last_failure_is_told_at_the_deadline(answering):
    _, url = answering((503, b"stopping"))
    with (
        rest_transport.RestTransport(url, deadline=0.3) as transport,
        pytest.raises(ServingUnavailable, match=r"within 0\.3 s: HTTP 503: b'stopping'"),
    ):
        transport.predict("similar", {})


@pytest.mark.parametrize(
    ("url", "model", "address"),
    [
        ("http://a:1", "movielens", "http://a:1/v1/models/movielens"),
        ("http://a:1/", "movielens", "http://a:1/v1/models/movielens"),
        ("http://a:1/proxy", "a/b c", "http://a:1/proxy/v1/models/a%2Fb%20c"),
        ("http://a:1", 'é"\\', "http://a:1/v1/models/%C3%A9%22%5C"),
    ],
)
def test_address_of_a_model(url, model, address):
    assert rest_transport.model_url(url, model) == address


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (urllib3.exceptions.ProtocolError("Connection aborted.", OSError("reset")), "reset"),
        (urllib3.exceptions.ConnectTimeoutError(object(), "Connection timed out"), "timed out"),
        (urllib3.exceptions.HTTPError("<a.Connection object at 0x7f>: refused"), "refused"),
        (urllib3.exceptions.HTTPError(), ""),
    ],
    ids=["protocol", "timeout", "connection", "nothing"],
)
def test_errors_are_described_without_objects(error, message):
    described = rest_transport.describe(error)
    assert described.endswith(message)
    assert "0x" not in described
