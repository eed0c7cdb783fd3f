"""A request on its way in, and its answer on its way out."""

import asyncio
from typing import Protocol

from tornado import httputil, iostream
from tornado.http1connection import HTTP1ServerConnection

from serving.web import wsgi

DRAINED = 2**20
"""Bytes of a refused body that are still read: who hangs up on a sender is not heard."""


class Server(Protocol):
    """What a request needs of its server."""

    held: int
    """Bytes of bodies and answers in memory."""

    def begins(self, request: "Exchange") -> wsgi.Answer | None:
        """Notes that a header came, and returns the refusal of the request, if it is refused."""

    def answer(self, request: "Exchange") -> None:
        """Answers a request that came whole."""

    def sending(self, stream: iostream.IOStream, size: int, sent: "asyncio.Future[None]") -> None:
        """Notes that an answer is on its way."""


class Exchange(httputil.HTTPMessageDelegate):
    """A request and its answer; see tornado's HTTPMessageDelegate."""

    def __init__(
        self,
        server: Server,
        connection: HTTP1ServerConnection,
        reply: httputil.HTTPConnection,
        largest: int,
    ) -> None:
        self.connection = connection
        self.method = self.path = self.version = ""
        self.headers = httputil.HTTPHeaders()
        self.body = bytearray()
        self.gone = False
        self._server = server
        self._reply = reply
        self._largest = largest
        self._answered = False
        self._received = 0
        self._refusal: wsgi.Answer | None = None

    def headers_received(
        self,
        start_line: httputil.RequestStartLine | httputil.ResponseStartLine,
        headers: httputil.HTTPHeaders,
    ) -> None:
        """Refuses what is refused before its body came."""
        assert isinstance(start_line, httputil.RequestStartLine)
        self.method, self.path, self.version = start_line
        self.headers = headers
        self._refusal = self._server.begins(self)
        claimed = headers.get("Content-Length", "")
        size = int(claimed[:20]) if claimed.isdecimal() else 0
        if size > self._largest:
            self._refusal = self._too_large()
        if self._refusal and (size > self._largest + DRAINED or "Expect" in headers):
            self.send(self._refusal)

    def data_received(self, chunk: bytes) -> None:
        """Takes a part of the body."""
        self._received += len(chunk)
        if not self._refusal and self._received > self._largest:
            self._release()
            self._refusal = self._too_large()
        if not self._refusal:
            self.body += chunk
            self._server.held += len(chunk)
        elif self._received > self._largest + DRAINED:
            self.send(self._refusal)

    def finish(self) -> None:
        """Hands over the whole request."""
        self._reply.set_close_callback(self._leave)  # type: ignore[attr-defined]
        if self._refusal:
            self.send(self._refusal)
        else:
            self._server.answer(self)

    def on_connection_close(self) -> None:
        """Forgets a request whose client left."""
        self._leave()

    def send(self, answer: wsgi.Answer) -> None:
        """Sends the answer, and forgets the body."""
        self._release()
        if self.gone or self._answered:
            return
        self._answered = True
        headers = httputil.HTTPHeaders(
            {"Content-Length": str(len(answer.body)), "X-Content-Type-Options": "nosniff"}
        )
        for name, value in answer.headers:
            if name.lower() not in ("content-length", "x-content-type-options"):
                headers.add(name, value)
        body = b"" if self.method == "HEAD" else answer.body
        line = httputil.ResponseStartLine(
            "HTTP/1.1", answer.status, httputil.responses.get(answer.status, "Error")
        )
        sent = self._reply.write_headers(line, headers, body)
        self._server.sending(self.connection.stream, len(body), sent)
        self._reply.finish()

    @property
    def call(self) -> wsgi.Call:
        """The request, as the application takes it."""
        return wsgi.Call(self.method, self.path, self.version, self.headers, bytes(self.body))

    def _leave(self) -> None:
        self.gone = True
        self._release()

    def _release(self) -> None:
        self._server.held -= len(self.body)
        self.body = bytearray()

    def _too_large(self) -> wsgi.Answer:
        return wsgi.error(413, f"A body has at most {self._largest} bytes.")
