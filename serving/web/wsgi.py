"""WSGI: calls of an application, and answers that are errors."""

import io
import json
import logging
import secrets
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

log = logging.getLogger(__name__)

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Answer(NamedTuple):
    """Status, headers and body of an answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Call(NamedTuple):
    """A request that came whole."""

    method: str
    path: str
    """As it was sent, with the query."""

    version: str
    headers: Mapping[str, str]
    body: bytes


def run(app: Application, request: Call) -> Answer:
    """Returns the answer of an application."""
    path, _, query = request.path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": urllib.parse.unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "REQUEST_URI": request.path,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "0",
        "SERVER_PROTOCOL": request.version,
        "CONTENT_LENGTH": str(len(request.body)),
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_LENGTH", "CONTENT_TYPE", "TRANSFER_ENCODING"):
            environ[f"HTTP_{key}"] = value
    started: list[tuple[str, list[tuple[str, str]]]] = []
    parts = app(environ, lambda status, headers, *_: started.append((status, headers)))
    whole = b"".join(parts)
    status, headers = started[-1]
    return Answer(int(status.split()[0]), headers, whole)


def error(status: int, message: str, *headers: tuple[str, str]) -> Answer:
    """Returns an error as JSON."""
    body = json.dumps({"error": message}, ensure_ascii=False).encode(errors="replace")
    return Answer(status, [("Content-Type", "application/json"), *headers], body)


def overloaded() -> Answer:
    """Returns the answer to a request that came while too many others were there."""
    return error(429, "The server is overloaded: try again in a second.", ("Retry-After", "1"))


def unexpected(failure: BaseException, request: str) -> Answer:
    """Returns the answer to a request that should not have failed, and logs the failure."""
    number = secrets.token_hex(4)
    log.error("Internal error %s: %s", number, request, exc_info=failure)
    return error(500, f"Internal error {number}; the server's log says more under this number.")
