"""Command of the local stand-in, which serves in this process until it is told to stop."""

import concurrent.futures
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence

import grpc
import waitress.server

from serving.stand_in import flags, grpc_api, rest_api
from serving.stand_in.configuration import ConfigurationError
from serving.stand_in.errors import ServingError
from serving.stand_in.manager import Manager
from serving.stand_in.metrics import Metrics
from serving.stand_in.requests import Requests

GRACE_SECONDS = 10.0
"""How long requests in flight may take once the server was told to stop."""

CONNECTIONS = 256

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
    for noisy in ("waitress", "tensorflow"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    log.info("Local stand-in for TensorFlow Serving: it speaks its API, it is not the binary.")
    metrics = Metrics()
    try:
        manager = Manager(
            flags.models(options), flags.settings(options), metrics, options.model_config_file
        )
        app = rest_api.RestApi(
            Requests(manager.served, metrics),
            flags.metrics_path(options),
            options.rest_api_timeout_in_ms / 1000,
        )
    except ConfigurationError as error:
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
        servers = _listen(options, Requests(manager.served, metrics), app)
    except (ConfigurationError, ServingError, OSError) as error:
        log.error("Failed to start: %s", error)
        return 1
    with concurrent.futures.ThreadPoolExecutor(1) as threads:
        watching = threads.submit(manager.watch)
        watching.add_done_callback(lambda _: stopped.set())  # it does not end by itself
        stopped.wait()
        manager.stop()
    log.info("Stopping: requests in flight have %.0f s.", GRACE_SECONDS)
    _drain(app, *servers)
    manager.close()
    watching.result()
    log.info("Stopped.")
    return 0


def _listen(options, requests, app):  # type: ignore[no-untyped-def]
    """Opens both ports."""
    threads = options.rest_api_num_threads
    timeout = max(1, options.rest_api_timeout_in_ms // 1000)
    grpc_server, port = grpc_api.create_server(requests, f"{options.host}:{options.port}", threads)
    http_server = waitress.server.create_server(
        app,
        host=options.host,
        port=options.rest_api_port,
        threads=threads,
        connection_limit=CONNECTIONS,
        channel_timeout=timeout,
        cleanup_interval=min(5, timeout),
        max_request_body_size=rest_api.LARGEST_BODY,
        ident=None,
    )
    grpc_server.start()
    threading.Thread(target=http_server.run, name="rest", daemon=True).start()
    rest_port = http_server.effective_port
    log.info("gRPC on %s:%s, REST on %s:%s", options.host, port, options.host, rest_port)
    return grpc_server, http_server


def _drain(
    app: rest_api.RestApi, grpc_server: grpc.Server, http_server: waitress.server.TcpWSGIServer
) -> None:
    """Takes no new request, and waits for those in flight."""
    app.stopping = True
    done = grpc_server.stop(GRACE_SECONDS)
    end = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < end and any(
        channel.requests or channel.total_outbufs_len
        for channel in list(http_server.active_channels.values())
    ):
        time.sleep(0.02)
    done.wait(max(0.0, end - time.monotonic()) + 1)


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # TensorFlow's threads outlive a session; nothing is left to be written
