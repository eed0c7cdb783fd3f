"""Command of the local stand-in, which serves in this process until it is told to stop."""

import argparse
import concurrent.futures
import logging
import os
import resource
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Sequence

import grpc

from serving.stand_in import flags, grpc_api, rest_api
from serving.stand_in.configuration import ConfigurationError
from serving.stand_in.errors import ServingError
from serving.stand_in.manager import Manager
from serving.stand_in.metrics import Metrics
from serving.stand_in.requests import Requests
from serving.web import server
from serving.web.security import Security

GRACE_SECONDS = 10.0
"""How long requests in flight may take once the server was told to stop."""

HEADER_SECONDS = 10.0
"""How long the header of a request may take, and a connection be idle."""

SWITCH_SECONDS = 0.001
"""How long a thread may keep the interpreter, so that refusals don't wait for answers."""

OPEN_FILES = 16_384

log = logging.getLogger("serving.stand_in")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until SIGTERM or SIGINT.

    Returns:
        0 after a graceful stop, 1 if nothing can be served.
    """
    options = flags.parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname).1s %(message)s", stream=sys.stderr
    )
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    logging.getLogger("tornado.general").setLevel(logging.CRITICAL)  # what clients do wrong
    log.info("Local stand-in for TensorFlow Serving: it speaks its API, it is not the binary.")
    warnings.filterwarnings("error", "Unexpected end-group tag")  # or half a request is answered
    sys.setswitchinterval(SWITCH_SECONDS)
    _allow_many_connections()
    metrics = Metrics()
    try:
        manager = Manager(
            flags.models(options), flags.settings(options), metrics, options.model_config_file
        )
        requests = Requests(manager.served, metrics)
        app = rest_api.RestApi(
            requests,
            flags.metrics_path(options),
            options.rest_api_timeout_in_ms / 1000,
            options.rest_api_enable_cors_support,
        )
        security = flags.security(options)
        ports = [server.bind(options.host, port) for port in (options.port, options.rest_api_port)]
    except (ConfigurationError, OSError) as error:
        log.error("%s", error)
        return 1
    stopped = threading.Event()

    def stop(*_: object) -> None:
        stopped.set()
        manager.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        manager.start()
        if stopped.is_set():
            return 0
        servers = _listen(options, security, requests, app, *ports)
        if options.ready_fd is not None:
            os.write(options.ready_fd, b"ready\n")
    except (ConfigurationError, ServingError, OSError) as error:
        log.error("Failed to start: %s", error)
        return 1
    with concurrent.futures.ThreadPoolExecutor(1) as threads:
        watching = threads.submit(manager.watch)
        watching.add_done_callback(lambda _: stopped.set())  # it does not end by itself
        stopped.wait()
        manager.stop()
    log.info("Stopping: requests in flight have %.0f s.", GRACE_SECONDS)
    _drain(*servers)
    manager.close()
    watching.result()
    log.info("Stopped.")
    return 0


def _listen(
    options: argparse.Namespace,
    security: Security,
    requests: Requests,
    app: rest_api.RestApi,
    grpc_port: socket.socket,
    rest_port: socket.socket,
) -> tuple[grpc.Server, server.HttpServer]:
    """Listens to both ports, which were taken before the models were loaded."""
    threads = options.rest_api_num_threads
    seconds = max(1, options.rest_api_timeout_in_ms / 1000)
    number = grpc_port.getsockname()[1]
    grpc_port.close()  # gRPC takes it itself
    access = security.access(options.host)
    grpc_server = grpc_api.create_server(
        requests, f"{options.host}:{number}", threads, access.token, security.grpc_credentials()
    )
    http_server = server.HttpServer(
        app,
        rest_port,
        threads,
        rest_api.LARGEST_BODY,
        header_seconds=min(HEADER_SECONDS, seconds),
        body_seconds=seconds,
        access=access,
        tls=security.context(),
    )
    grpc_server.start()
    http_server.begin()
    log.info("gRPC on %s:%s, REST on %s:%s", options.host, number, options.host, http_server.port)
    return grpc_server, http_server


def _drain(grpc_server: grpc.Server, http_server: server.HttpServer) -> None:
    """Takes no new request, and waits for those in flight."""
    done = grpc_server.stop(GRACE_SECONDS)
    http_server.close(GRACE_SECONDS)
    done.wait()


def _allow_many_connections() -> None:
    """Raises the limit of open files, of which every connection is one, as far as is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # TensorFlow's threads outlive a session; nothing is left to be written
