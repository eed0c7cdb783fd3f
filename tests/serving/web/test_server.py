"""The server with clients that are good, bad, slow and many, in this process."""

import contextlib
import http.client
import json
import logging
import socket
import ssl
import threading
import time

import pytest

from serving.web import server as web
from serving.web.access import Access
from serving.web.security import Security

LARGEST = 1000


class App:
    """Echoes bodies; waits at /slow until it may go on; fails at /fail."""

    def __init__(self):
        self.may_go_on = threading.Event()
        self.running = threading.Semaphore(0)

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        if path == "/fail":
            raise KeyError("a fault of ours")
        if path == "/slow":
            self.running.release()
            self.may_go_on.wait(60)
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start_response("200 OK", [("Content-Type", "text/plain"), ("X-Path", path)])
        return [b"got ", body]


@pytest.fixture
def app():
    app = App()
    yield app
    app.may_go_on.set()


@pytest.fixture
def start(app):
    with contextlib.ExitStack() as stack:

        def start(threads=2, **seconds):
            server = web.HttpServer(app, web.bind("127.0.0.1", 0), threads, LARGEST, **seconds)
            stack.callback(server.close)
            server.begin()
            return server

        yield start
        app.may_go_on.set()


def connect(server):
    return http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)


def ask(server, method="POST", path="/", body=b"hello", headers=None):
    connection = connect(server)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    answer = response.status, response.read(), response.headers
    connection.close()
    return answer


def raw(server, text):
    """Sends bytes, and returns all that comes back until the server hangs up."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(text)
        parts = []
        while part := client.recv(65536):
            parts.append(part)
    return b"".join(parts)


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_page_of_somebody_else_is_refused(start):
    server = start(access=Access(frozenset({"recs.example"})))
    names = ["evil.example", "recs.example.evil.example", "evil.example:80", "", "a@127.0.0.1"]
    for name in names:
        status, body, _ = ask(server, headers={"Host": name})
        assert (status, "--allow-host" in json.loads(body)["error"]) == (403, True), name
    for name in ["recs.example", "RECS.example:8501", "localhost:1", "127.0.0.1", "[::1]:8501"]:
        assert ask(server, headers={"Host": name})[0] == 200, name


def test_a_token_is_asked_for(start):
    server = start(access=Access(token="secret"))
    for given in ("", "Bearer", "Bearer wrong", "Basic ???", "Basic dTp3cm9uZw==", "secret"):
        status, body, headers = ask(server, headers={"Authorization": given})
        assert status == 401 and headers["WWW-Authenticate"].startswith("Basic ")
        assert "Bearer TOKEN" in json.loads(body)["error"]
    for given in ("Bearer secret", "bearer secret", "Basic dTpzZWNyZXQ="):  # u:secret
        assert ask(server, headers={"Authorization": given})[0] == 200


def test_it_speaks_tls(start, write_certificate):
    written = write_certificate("recs.example")
    server = start(tls=Security((), written.chain, written.key).context(), header_seconds=0.2)
    context = ssl.create_default_context(cafile=written.authority)
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname="recs.example") as secure,
    ):
        secure.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi")
        assert secure.recv(9) == b"HTTP/1.1 "
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as mute:
        assert mute.recv(1) == b""  # no handshake came


def test_requests_of_one_connection_are_answered_in_turn(start):
    connection = connect(start())
    for number in range(3):
        connection.request("POST", f"/a%20{number}?q", str(number))
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, f"got {number}".encode())
        assert response.headers["X-Path"] == f"/a {number}"
    connection.request("HEAD", "/")
    response = connection.getresponse()
    assert (response.headers["Content-Length"], response.read()) == ("4", b"")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    connection.close()


@pytest.mark.parametrize(
    "head",
    [b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello", b"Expect: 100-continue\r\n\r\n"],
    ids=["body", "empty"],
)
def test_a_client_that_expects_to_be_told_to_go_on(start, head):
    answer = raw(start(), b"POST / HTTP/1.1\r\nConnection: close\r\n" + head)
    assert answer.startswith(b"HTTP/1.1 100 ")
    assert b"HTTP/1.1 200 OK" in answer


def test_what_is_not_http_is_hung_up_on(start, caplog):
    server = start()
    assert raw(server, b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400")
    both = b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert raw(server, both).startswith(b"HTTP/1.1 400")
    assert raw(server, b"GET /" + b"a" * 20_000) == b""
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_a_body_that_is_too_large(start, chunked):
    server = start()
    connection = connect(server)
    body = [b" " * 1001] if chunked else b" " * 1001
    connection.request("POST", "/", body, encode_chunked=chunked)
    response = connection.getresponse()
    assert (response.status, response.headers["Content-Type"]) == (413, "application/json")
    assert json.loads(response.read())["error"] == "A body has at most 1000 bytes."
    connection.close()
    how = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: 2000000"
    endless = b"POST / HTTP/1.1\r\n" + how + b"\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(endless + (b"fffff0\r\n" + b" " * 1_060_000 if chunked else b""))
        assert client.recv(12) == b"HTTP/1.1 413"
    assert ask(server, body=b" " * 1000)[0] == 200
    assert server.held == 0


def test_a_fault_is_answered_with_an_id_that_the_log_has(start, caplog):
    with caplog.at_level(logging.ERROR):
        status, body, _ = ask(start(), path="/fail")
    assert status == 500
    number = json.loads(body)["error"].split()[2].rstrip(";")
    (record,) = caplog.records
    assert number in record.getMessage() and "POST /fail" in record.getMessage()
    assert record.exc_info[0] is KeyError


def test_beyond_the_queue_requests_are_refused_at_once_but_reads_are_not(start, app):
    server = start(threads=1)
    waiting = [connect(server) for _ in range(1 + web.WAITING)]
    for connection in waiting:
        connection.request("POST", "/slow", b"")
    app.running.acquire(timeout=60)
    wait_until(lambda: server._working.busy == len(waiting))
    status, body, headers = ask(server)
    assert (status, headers["Retry-After"]) == (429, "1")
    assert "overloaded" in json.loads(body)["error"]
    assert ask(server, "GET", body=None)[0] == 200
    app.may_go_on.set()
    assert [connection.getresponse().status for connection in waiting] == [200] * len(waiting)
    assert ask(server)[0] == 200


def test_too_much_in_memory_is_refused(start, monkeypatch):
    server = start()
    monkeypatch.setattr(web, "HELD_BYTES", 100)
    with socket.create_connection(("127.0.0.1", server.port)) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n" + b" " * 800)
        wait_until(lambda: server.held)
        assert ask(server)[0] == 429
    wait_until(lambda: not server.held)
    assert ask(server)[0] == 200


def test_idle_connections_change_nothing(start, monkeypatch):
    monkeypatch.setattr(web, "CONNECTIONS", 50)
    server = start()
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        assert [ask(server)[0] for _ in range(5)] == [200] * 5
        assert len(server._open) <= 51


def test_who_sends_no_header_or_no_body_is_hung_up_on(start):
    server = start(header_seconds=0.1, body_seconds=0.1)
    assert raw(server, b"POST / HT") == b""
    assert raw(server, b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n{") == b""
    wait_until(lambda: not server.held)


def test_who_left_while_waiting_is_not_worked_for(start, app):
    server = start(threads=1)
    first, second = connect(server), connect(server)
    first.request("POST", "/slow", b"")
    app.running.acquire(timeout=60)
    second.request("POST", "/slow", b"")
    wait_until(lambda: server._working.busy == 2)
    second.close()
    wait_until(lambda: len(server._open) == 1)
    app.may_go_on.set()
    assert first.getresponse().status == 200
    wait_until(lambda: not server._working.busy)
    assert not app.running.acquire(blocking=False)


def test_requests_in_flight_are_answered_before_it_ends_and_new_ones_refused(start, app):
    server = start()
    open_already, busy = connect(server), connect(server)
    open_already.request("POST", "/", b"")
    open_already.getresponse().read()
    busy.request("POST", "/slow", b"")
    app.running.acquire(timeout=60)
    ending = threading.Thread(target=server.close, args=(60,))
    ending.start()
    wait_until(lambda: server._stopping)
    open_already.request("POST", "/", b"")
    assert open_already.getresponse().status == 503
    app.may_go_on.set()
    assert busy.getresponse().status == 200
    ending.join(60)
    with pytest.raises(ConnectionRefusedError):
        connect(server).connect()


def test_a_port_that_is_taken_is_named(start):
    server = start()
    with pytest.raises(OSError, match=rf"port {server.port} of 127\.0\.0\.1: Address already"):
        web.bind("127.0.0.1", server.port)
    taken = web.bind("127.0.0.1", 0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(taken.getsockname())
    taken.close()
