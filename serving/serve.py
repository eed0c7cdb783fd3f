"""A model server and the page beside it, until one of them ends or somebody stops them."""

import contextlib
import json
import logging
import operator
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import uuid
from collections.abc import Iterator

import tenacity

from serving import engine as engines
from serving import version_folders
from serving.client import bundle_definition
from serving.client.grpc_transport import GrpcTransport
from serving.client.model_status import AVAILABLE, ModelStatus, NotAModelServer
from serving.client.recommender import RecommenderClient
from serving.client.request_log import RequestLog
from serving.client.rest_transport import model_url
from serving.client.stable_first import STABLE, StableFirst
from serving.client.transport import ServingUnavailable
from serving.page import app, catalogue
from serving.web import server as web
from serving.web.security import Security

POLL_SECONDS = 0.2
STATUS_SECONDS = 5
GRACE_SECONDS = 20
PAGE_THREADS = 4


def serve(
    base: str,
    host: str,
    grpc_port: int,
    rest_port: int,
    web_port: int,
    engine: str,
    image: str | None,
    request_log: pathlib.Path | None = None,
    security: Security = Security(),  # noqa: B008 # it is frozen
    users: bool = True,
) -> int:
    """Serves until Ctrl-C or SIGTERM.

    Args:
        base: Folder of the versions; its name is the model's. `models.config` lies beside it.
        host: Address to listen on.
        grpc_port: Port of the gRPC API.
        rest_port: Port of the REST API.
        web_port: Port of the page.
        engine: `docker`, `local`, or `auto`: Docker where a daemon answers.
        image: Docker image of TensorFlow Serving; by default `engine.IMAGE`.
        request_log: Folder in which the answers of the page are logged; None: nowhere.
        security: What the page and the local server ask of their clients.
        users: Whether the page finds users and shows their histories.

    Returns:
        0 once it was stopped.

    Raises:
        ValueError: There is nothing to serve, the server ended by itself, or `security` can't be
            had.
        OSError: A port can't be had.
    """
    base = os.path.abspath(base)
    folder, name = os.path.split(base)
    config = os.path.join(folder, engines.CONFIG)
    if not os.path.exists(config):
        raise ValueError(f"There is no {config}, which `movielens serve` writes.")
    security.check(host)
    engines.write_monitoring(folder)
    address = engines.Address(host, grpc_port, rest_port)
    engine = engines.choose(engine)
    if engine == engines.DOCKER and (security.tls_cert or security.token_file):
        raise ValueError(
            "TensorFlow Serving itself has neither tokens nor, over REST, TLS: put a proxy before "
            "it (docs/guides/security.md), or use --engine local."
        )
    image = image or engines.IMAGE
    logging.getLogger("tornado.general").setLevel(logging.CRITICAL)  # what clients do wrong
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for option, port in (("--grpc-port", grpc_port), ("--rest-port", rest_port)):
        _take(host, port, option).close()
    print(f"Serving {base}\nwith {_describe(engine, image)}", flush=True)
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as stack:
        listener = stack.enter_context(_take(host, web_port, "--web-port"))
        container = f"movielens-{uuid.uuid4().hex}"
        command = engines.command(engine, folder, address, image, container, security.flags())
        if engine == engines.LOCAL:
            server = stack.enter_context(_running_stand_in(command))
        else:
            server = stack.enter_context(_running(command))
            _wait_for_version(server, container, address, name)
        grpc_address = f"{_reachable(host)}:{grpc_port}"
        labelled, newest = (
            stack.enter_context(
                GrpcTransport(
                    grpc_address,
                    name,
                    label,
                    ca_file=security.tls_cert,
                    server_name=security.server_name() if security.tls_cert else "",
                    token_file=security.token_file,
                )
            )
            for label in (STABLE, "")
        )
        newest_folder = max((version_folders.find(base) or {}).items())[1]
        log = None
        if request_log is not None:
            definition = bundle_definition.read(newest_folder)
            log = stack.enter_context(RequestLog(request_log, definition))
        client = RecommenderClient(StableFirst(labelled, newest), log=log)
        page = web.HttpServer(
            app.Page(client, base, users),
            listener,
            PAGE_THREADS,
            app.LARGEST_BODY,
            access=security.access(host),
            tls=security.context(),
        )
        page.begin()
        stack.callback(page.close)
        user = catalogue.any_user(newest_folder)
        print(_summary(address, name, page.port, user, security), flush=True)
        raise _ended(server.wait())
    return 0


def _describe(engine: str, image: str) -> str:
    if engine == engines.DOCKER:
        return f"TensorFlow Serving's image {image}"
    return (
        "a local stand-in: it speaks TensorFlow Serving's API, checked against documented "
        "behaviour; it is not the real binary"
    )


def _take(host: str, port: int, option: str) -> socket.socket:
    """Takes a port before anything is started or loaded.

    Raises:
        OSError: It can't be had.
    """
    try:
        return web.bind(host, port)
    except OSError as error:
        raise OSError(f"Can't use {error.strerror}; choose another {option}.") from error


@contextlib.contextmanager
def _running_stand_in(command: list[str]) -> Iterator[subprocess.Popen]:
    """Runs the stand-in until it answers, which itself it says: another server may have the port.

    Raises:
        ValueError: It ended.
    """
    reading, writing = os.pipe()
    with contextlib.ExitStack() as stack, open(reading, "rb") as ready:
        try:
            server = stack.enter_context(
                _running([*command, f"--ready_fd={writing}"], pass_fds=(writing,))
            )
        finally:
            os.close(writing)
        if not ready.readline():
            raise _ended(server.wait())
        yield server


@contextlib.contextmanager
def _running(command: list[str], pass_fds: tuple[int, ...] = ()) -> Iterator[subprocess.Popen]:
    """Runs a server beside this process, and ends it gracefully."""
    server = subprocess.Popen(command, start_new_session=True, pass_fds=pass_fds)
    try:
        yield server
    finally:
        server.terminate()
        try:
            server.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for_version(
    server: subprocess.Popen, container: str, address: engines.Address, name: str
) -> None:
    """Waits until a version of our container answers: another server may have got the port.

    Raises:
        ValueError: The server ended.
    """
    url = f"http://{_reachable(address.host)}:{address.rest_port}"
    status = ModelStatus(url, name, STATUS_SECONDS)

    def has_version() -> bool:
        if server.poll() is not None:
            raise _ended(server.returncode)
        if not engines.container_runs(container):
            return False
        try:
            states = status.fetch().get("model_version_status", [])
        except (ServingUnavailable, NotAModelServer):  # it does not listen yet
            return False
        return any(state["state"] == AVAILABLE for state in states)

    tenacity.Retrying(
        wait=tenacity.wait_fixed(POLL_SECONDS), retry=tenacity.retry_if_result(operator.not_)
    )(has_version)


def _ended(status: int) -> ValueError:
    return ValueError(f"The model server ended with status {status}; it said why above.")


def _summary(
    address: engines.Address, name: str, web_port: int, user: str, security: Security
) -> str:
    host = _reachable(address.host)
    scheme = "https" if security.tls_cert else "http"
    model = model_url(f"{scheme}://{host}:{address.rest_port}", name)
    metrics = f"{scheme}://{host}:{address.rest_port}{engines.METRICS_PATH}"
    body = f"-d {shlex.quote(json.dumps({'instances': [user]}))}"
    return (
        f"\n  page   {scheme}://{host}:{web_port}/\n  gRPC   {host}:{address.grpc_port}\n"
        f"  REST   curl {model}:predict {body}\n"
        f"  status {model}\n  metrics {metrics}\n\n{_needed(security)}"
        "Ctrl-C stops it."
    )


def _needed(security: Security) -> str:
    """Returns what a client must have, a line each."""
    certificate = f"Certificate: {security.tls_cert} (curl --cacert).\n"
    token = (
        f'Token: that in {security.token_file} (curl -H "Authorization: Bearer $(cat …)"); in a '
        "browser it is the password, of any user.\n"
    )
    return certificate * bool(security.tls_cert) + token * bool(security.token_file)


def _reachable(host: str) -> str:
    """Returns an address that this machine can ask, also where the server listens on all."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)
