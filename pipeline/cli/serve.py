"""`movielens serve`: its options. What it does is imported only when it is run."""

import argparse
from typing import Any

from pipeline.cli import serving_options


def add_to(commands: Any) -> None:
    """Adds the command to the command line."""
    serve = commands.add_parser(
        "serve",
        help="serve the pushed bundle, with a page to look at it",
        description="Serves what was pushed: with TensorFlow Serving's image where a Docker daemon "
        "answers, else with a local stand-in that speaks TensorFlow Serving's API (gRPC and REST) "
        "and is not the real binary. New versions are taken over as they are pushed. Stops with "
        "Ctrl-C.",
    )
    serving_options.add_to(serve)
    serve.add_argument(
        "--host", default="127.0.0.1", help="address to listen to (127.0.0.1: this machine only)"
    )
    serve.add_argument("--grpc-port", type=int, default=8500, help="default: 8500")
    serve.add_argument("--rest-port", type=int, default=8501, help="default: 8501")
    serve.add_argument("--web-port", type=int, default=8080, help="of the page (8080)")
    serve.add_argument(
        "--engine", choices=("auto", "docker", "local"), default="auto", help="default: auto"
    )
    serve.add_argument("--image", help="of TensorFlow Serving, for Docker")
    serve.set_defaults(command=serve_command)


def serve_command(options: argparse.Namespace) -> int:
    """Serves the pushed bundle."""
    from components.registry import models_config
    from serving.serve import serve

    base = serving_options.base(options)
    models_config.write_newest(base)
    return serve(
        base,
        options.host,
        options.grpc_port,
        options.rest_port,
        options.web_port,
        options.engine,
        options.image,
    )
