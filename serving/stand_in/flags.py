"""Command-line flags of the stand-in: TensorFlow Serving's names, and ours on who may ask."""

import argparse
import os
import re
from collections.abc import Callable

from serving.stand_in.configuration import ConfigurationError, Model, Settings, read
from serving.stand_in.rest_api import METRICS_PATH
from serving.web.security import Security


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"expected true or false, got {text!r}")
    return text.lower() == "true"


SETTINGS: dict[str, Callable[[str], float | bool]] = {
    "file_system_poll_wait_seconds": float,
    "model_config_file_poll_wait_seconds": float,
    "max_num_load_retries": int,
    "load_retry_interval_micros": int,
    "enable_model_warmup": _truth,
    "allow_version_labels_for_unavailable_models": _truth,
    "tensorflow_intra_op_parallelism": int,
    "tensorflow_inter_op_parallelism": int,
}


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the flags."""
    flags = argparse.ArgumentParser(
        prog="python -m serving.stand_in",
        description="A local stand-in that speaks TensorFlow Serving's API. It is not the real "
        "binary: it was written after its documented behaviour, to develop and test against.",
    )
    flags.add_argument("--host", default="127.0.0.1", help="address to listen to (127.0.0.1)")
    flags.add_argument("--port", type=int, default=8500, help="gRPC port; 0: any (8500)")
    flags.add_argument("--rest_api_port", type=int, default=8501, help="REST port; 0: any (8501)")
    flags.add_argument(
        "--rest_api_num_threads",
        type=int,
        default=max(2, os.cpu_count() or 2),  # more would only keep refusals from being sent
        help="of each API (as many as cores, at least 2)",
    )
    flags.add_argument(
        "--rest_api_timeout_in_ms",
        type=int,
        default=30_000,
        help="for a request to be answered, and for an idle connection to be closed (30000)",
    )
    flags.add_argument(
        "--rest_api_enable_cors_support",
        type=_truth,
        default=False,
        help="whether pages of any origin may ask REST (false)",
    )
    flags.add_argument(
        "--ready_fd", type=int, help="file descriptor that gets a line once both APIs answer"
    )
    flags.add_argument(
        "--allow_host", action="append", default=[], help="host name that REST is asked by, too"
    )
    flags.add_argument("--tls_cert", default="", help="certificate of both APIs, with its chain")
    flags.add_argument("--tls_key", default="", help="its key")
    flags.add_argument("--token_file", default="", help="bearer token that requests must carry")
    flags.add_argument("--model_name", default="default")
    flags.add_argument("--model_base_path", help="folder of the versions, instead of a file")
    flags.add_argument("--model_config_file", help="models.config")
    flags.add_argument("--monitoring_config_file", help="default: metrics at " + METRICS_PATH)
    defaults = Settings()
    for name, kind in SETTINGS.items():
        default = getattr(defaults, name)
        flags.add_argument(f"--{name}", type=kind, default=default, help=f"default: {default}")
    return flags


def settings(options: argparse.Namespace) -> Settings:
    """Returns the settings that the flags give."""
    return Settings(**{name: getattr(options, name) for name in SETTINGS})


def security(options: argparse.Namespace) -> Security:
    """Returns what the flags ask of clients.

    Raises:
        ConfigurationError: It can't be asked.
    """
    asked = Security(
        tuple(options.allow_host), options.tls_cert, options.tls_key, options.token_file
    )
    try:
        asked.check(options.host)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    return asked


def models(options: argparse.Namespace) -> tuple[Model, ...]:
    """Returns the models that the flags name.

    Raises:
        ConfigurationError: They name none, or one that can't be served.
    """
    if bool(options.model_config_file) == bool(options.model_base_path):
        raise ConfigurationError("Give either --model_config_file or --model_base_path.")
    if options.model_config_file:
        return read(options.model_config_file)
    return (Model(options.model_name, options.model_base_path),)


def metrics_path(options: argparse.Namespace) -> str | None:
    """Returns the path of the Prometheus page, or None where it is disabled.

    Raises:
        ConfigurationError: The monitoring file can't be read.
    """
    if not options.monitoring_config_file:
        return METRICS_PATH
    try:
        with open(options.monitoring_config_file, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        raise ConfigurationError(f"{options.monitoring_config_file}: {error}") from error
    enabled = re.search(r"\benable\s*:\s*(true|false)\b", text)
    path = re.search(r"\bpath\s*:\s*\"(/[^\"]*)\"", text)
    if "prometheus_config" not in text or not enabled:
        raise ConfigurationError(
            f"{options.monitoring_config_file}: expected "
            'prometheus_config { enable: true path: "…" }.'
        )
    if enabled[1] == "false":
        return None
    return path[1] if path else METRICS_PATH
