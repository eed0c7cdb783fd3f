"""Runs a model server and the page beside it, until one of them ends or somebody stops them."""

import argparse
import contextlib
import json
import logging
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator

import waitress.server

from pipeline.cli import serving_options
from serving import engine
from serving.client.grpc_transport import GrpcTransport
from serving.client.recommender import RecommenderClient
from serving.client.stable_first import STABLE, StableFirst
from serving.page import app

POLL_SECONDS = 0.2
GRACE_SECONDS = 20
PAGE_THREADS = 4
PAGE_CONNECTIONS = 64


def serve(options: argparse.Namespace) -> int:
    """Serves until Ctrl-C or SIGTERM.

    Returns:
        0 once it was stopped.

    Raises:
        ValueError: There is nothing to serve, or the server ended by itself.
        OSError: A port can't be had.
    """
    base = os.path.abspath(serving_options.base(options))
    name = os.path.basename(base)
    address = engine.Address(options.host, options.grpc_port, options.rest_port)
    chosen = options.engine
    if chosen == "auto":
        chosen = engine.DOCKER if engine.docker_works() else engine.LOCAL
    engine.write_configuration(base)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    image = options.image or engine.IMAGE
    print(f"Serving {base}\nwith {_described(chosen, image)}", flush=True)
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as stack:
        command = engine.command(chosen, os.path.dirname(base), address, image)
        server = stack.enter_context(_running(command))
        _await(server, address, name)
        where = _host_and_port(address)
        labelled = stack.enter_context(GrpcTransport(where, name, STABLE))
        newest = stack.enter_context(GrpcTransport(where, name))
        client = RecommenderClient(StableFirst(labelled, newest))
        page = _start_page(options.host, options.web_port, client, base)
        stack.callback(page.close)
        print(_summary(address, name, page.effective_port), flush=True)
        raise _ended(server.wait())
    return 0


def _described(chosen: str, image: str) -> str:
    if chosen == engine.DOCKER:
        return f"TensorFlow Serving's image {image}"
    return (
        "a local stand-in: it speaks TensorFlow Serving's API, checked against documented "
        "behaviour; it is not the real binary"
    )


@contextlib.contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen]:
    """Runs the server beside this process; ends it gracefully."""
    server = subprocess.Popen(command, start_new_session=True)
    try:
        yield server
    finally:
        server.terminate()
        try:
            server.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _await(server: subprocess.Popen, address: engine.Address, name: str) -> None:
    """Returns once a version answers.

    Raises:
        ValueError: The server ended.
    """
    url = f"http://{_reachable(address.host)}:{address.rest_port}/v1/models/"
    url += urllib.parse.quote(name)
    while server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                states = json.load(answer)["model_version_status"]
            if any(state["state"] == "AVAILABLE" for state in states):
                return
        except OSError:  # it does not listen yet, or has no version yet
            pass
        time.sleep(POLL_SECONDS)
    raise _ended(server.returncode)


def _ended(status: int) -> ValueError:
    return ValueError(f"The model server ended with status {status}; it said why above.")


def _start_page(
    host: str, port: int, client: RecommenderClient, base: str
) -> waitress.server.TcpWSGIServer:
    """Starts the page in a thread.

    Raises:
        OSError: The port can't be had.
    """
    logging.getLogger("waitress").setLevel(logging.ERROR)
    try:
        page = waitress.server.create_server(
            app.Page(client, base),
            host=host,
            port=port,
            threads=PAGE_THREADS,
            connection_limit=PAGE_CONNECTIONS,
            max_request_body_size=app.LARGEST_BODY,
            ident=None,
        )
    except OSError as error:
        raise OSError(
            f"Can't serve the page on {host}:{port} ({error.strerror}); choose another --web-port."
        ) from error
    threading.Thread(target=page.run, name="page", daemon=True).start()
    return page


def _summary(address: engine.Address, name: str, web_port: int) -> str:
    host = _reachable(address.host)
    rest = f"http://{host}:{address.rest_port}"
    ask = """-d '{"instances": ["42"]}'"""
    return (
        f"\n  page   http://{host}:{web_port}/\n  gRPC   {host}:{address.grpc_port}\n"
        f"  REST   curl {rest}/v1/models/{name}:predict {ask}\n"
        f"  status {rest}/v1/models/{name}\n  metrics {rest}{engine.METRICS_PATH}\n\n"
        "Ctrl-C stops it."
    )


def _host_and_port(address: engine.Address) -> str:
    return f"{_reachable(address.host)}:{address.grpc_port}"


def _reachable(host: str) -> str:
    """Returns an address that this machine can ask, also where all are listened to."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)
