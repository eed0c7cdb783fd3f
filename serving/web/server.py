"""HTTP server of a WSGI application that no client can hold up: time-outs, limits, early refusal.

Connections wait in one event loop and cost no thread. A request gets a thread once it was read
whole; if too many wait for one it is refused at once, and the client may try again.
"""

import asyncio
import concurrent.futures
import socket
import ssl
import threading

from tornado import httputil, iostream, tcpserver
from tornado.http1connection import HTTP1ConnectionParameters, HTTP1ServerConnection

from serving.web import wsgi
from serving.web.access import Access
from serving.web.exchange import Exchange

WAITING = 4
"""Requests that may wait, for each thread."""

READING_THREADS = 2
"""Threads of GET and HEAD requests, which are answered also while all others are busy."""

CONNECTIONS = 4096
"""Beyond it, the connection that has been idle for longest is closed."""

HELD_BYTES = 256 * 2**20
"""Bodies and answers that may be in memory; beyond it, requests are refused."""

BACKLOG = 1024
LARGEST_HEADER = 16 * 2**10


def bind(host: str, port: int) -> socket.socket:
    """Takes a port without listening yet: who connects is still refused.

    Raises:
        OSError: The port can't be had.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    taken = socket.socket(family, kind, protocol)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # after a restart too
        taken.bind(address)
    except OSError as error:
        taken.close()
        raise OSError(error.errno, f"port {port} of {host}: {error.strerror}") from error
    return taken


class HttpServer(tcpserver.TCPServer, httputil.HTTPServerConnectionDelegate):
    """Server in a thread of its own."""

    def __init__(
        self,
        app: wsgi.Application,
        listener: socket.socket,
        threads: int,
        largest_body: int,
        header_seconds: float = 30.0,
        body_seconds: float = 30.0,
        access: Access = Access(),  # noqa: B008 # it is frozen
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Prepares a server; nothing is answered until `start`.

        Args:
            app: wsgi.Application that answers.
            listener: Socket of `bind`.
            threads: Number of requests that run at once, GET and HEAD requests apart.
            largest_body: Number of bytes of a body.
            header_seconds: For a header to come, so for a connection to be idle.
            body_seconds: For a body to come, and for an answer to be taken.
            access: Who may ask.
            tls: Context of TLS; by default plain HTTP is spoken.
        """
        super().__init__(ssl_options=tls)
        self.port = listener.getsockname()[1]
        self._app = app
        self._listener = listener
        self._largest_body = largest_body
        self._seconds = body_seconds
        self._access = access
        self._parameters = HTTP1ConnectionParameters(
            max_header_size=LARGEST_HEADER,
            header_timeout=header_seconds,
            max_body_size=2**62,  # refused by `Exchange`, with an answer
            body_timeout=body_seconds,
        )
        self._working = _Lane(threads)
        self._reading = _Lane(READING_THREADS)
        self._open: set[HTTP1ServerConnection] = set()
        self._idle: dict[HTTP1ServerConnection, None] = {}  # longest first
        self.held = 0
        self._stopping = False
        self._drained = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop
        self._ready = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),), name="http")
        self._thread.daemon = True

    def begin(self) -> None:
        """Starts to listen and to answer."""
        self._listener.listen(BACKLOG)
        self._listener.setblocking(False)
        self._thread.start()
        self._ready.wait()

    def close(self, grace: float = 0.0) -> None:
        """Ends the server.

        Args:
            grace: Seconds that requests in flight may take; new ones are refused.
        """
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop, grace)
            self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.add_sockets([self._listener])
        self._ready.set()
        await self._drained.wait()
        for connection in list(self._open):
            connection.stream.close()
        self._working.close()
        self._reading.close()

    def _stop(self, grace: float) -> None:
        self.stop()
        self._stopping = True
        self._loop.call_later(grace, self._drained.set)
        self._drain()

    def _drain(self) -> None:
        if self._stopping and not self._working.busy and not self._reading.busy and not self.held:
            self._drained.set()

    def handle_stream(self, stream: iostream.IOStream, address: tuple) -> None:
        """Takes a connection; see tornado's TCPServer."""
        connection = HTTP1ServerConnection(stream, self._parameters, address)
        self._open.add(connection)
        self._idle[connection] = None
        if len(self._open) > CONNECTIONS:
            oldest = next(iter(self._idle))
            self.on_close(oldest)
            oldest.stream.close()
        connection.start_serving(self)

    def start_request(self, server_conn: object, request_conn: httputil.HTTPConnection) -> Exchange:
        """Prepares for a request, which may take long to come."""
        assert isinstance(server_conn, HTTP1ServerConnection)
        if server_conn in self._open:
            self._idle[server_conn] = None
        return Exchange(self, server_conn, request_conn, self._largest_body)

    def on_close(self, server_conn: object) -> None:
        """Forgets a connection."""
        assert isinstance(server_conn, HTTP1ServerConnection)
        self._open.discard(server_conn)
        self._idle.pop(server_conn, None)

    def begins(self, request: Exchange) -> wsgi.Answer | None:
        """Notes that a header came, and returns the refusal of the request, if it is refused."""
        self._idle.pop(request.connection, None)
        if self._stopping:
            return wsgi.error(503, "The server is stopping.")
        refusal = self._access.refuse(request.headers)
        if refusal:
            return refusal
        lane = self._lane(request)
        if self.held > HELD_BYTES or lane.busy >= lane.capacity:
            return wsgi.overloaded()
        return None

    def answer(self, request: Exchange) -> None:
        """Answers a request that came whole, in a thread."""
        lane = self._lane(request)
        if self._stopping:
            request.send(wsgi.error(503, "The server is stopping."))
        elif lane.busy >= lane.capacity:
            request.send(wsgi.overloaded())
        else:
            lane.busy += 1
            future = lane.threads.submit(self._run, request)
            future.add_done_callback(
                lambda done: self._loop.call_soon_threadsafe(self._done, lane, request, done)
            )

    def _lane(self, request: Exchange) -> "_Lane":
        return self._reading if request.method in ("GET", "HEAD") else self._working

    def _run(self, request: Exchange) -> wsgi.Answer | None:
        """Runs the application; returns nothing if the client has left meanwhile."""
        return None if request.gone else wsgi.run(self._app, request.call)

    def _done(
        self,
        lane: "_Lane",
        request: Exchange,
        done: "concurrent.futures.Future[wsgi.Answer | None]",
    ) -> None:
        lane.busy -= 1
        failure = done.exception()
        if failure is not None:
            request.send(wsgi.unexpected(failure, f"{request.method} {request.path[:200]}"))
        else:
            answer = done.result()
            if answer is not None:
                request.send(answer)
        self._drain()

    def sending(self, stream: iostream.IOStream, size: int, sent: "asyncio.Future[None]") -> None:
        """Hangs up on a client that does not take its answer."""
        if sent.done():  # most are: the system has taken it
            sent.exception()  # the client left: nobody to tell
            self._drain()
            return
        self.held += size
        hang_up = self._loop.call_later(self._seconds, stream.close)

        def finished(written: "asyncio.Future[None]") -> None:
            hang_up.cancel()
            self.held -= size
            written.exception()  # the client left: nobody to tell
            self._drain()

        sent.add_done_callback(finished)


class _Lane:
    """Threads, and how many requests they have."""

    def __init__(self, threads: int) -> None:
        self.threads = concurrent.futures.ThreadPoolExecutor(threads, thread_name_prefix="http")
        self.capacity = threads * (1 + WAITING)
        self.busy = 0

    def close(self) -> None:
        self.threads.shutdown(wait=False, cancel_futures=True)
