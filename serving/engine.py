"""Model server processes: TensorFlow Serving's image where Docker works, else the stand-in."""

import dataclasses
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

IMAGE = "tensorflow/serving:2.16.1"
"""Image of the TensorFlow release that writes the bundle."""

CONFIG, MONITORING = "models.config", "monitoring.config"
METRICS_PATH = "/monitoring/prometheus/metrics"
AUTO, DOCKER, LOCAL = "auto", "docker", "local"
DOCKER_SECONDS = 20
POLL_SECONDS = 1


@dataclasses.dataclass(frozen=True)
class Address:
    """Host and ports that a server listens on."""

    host: str
    grpc_port: int
    rest_port: int


def docker_works() -> bool:
    """Returns whether a Docker daemon answers; the command alone is not enough."""
    docker = shutil.which("docker")
    if not docker:
        return False
    try:
        finished = subprocess.run([docker, "info"], capture_output=True, timeout=DOCKER_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return finished.returncode == 0


def choose(engine: str) -> str:
    """Returns `docker` or `local`; `auto` becomes `docker` where a daemon answers."""
    if engine != AUTO:
        return engine
    return DOCKER if docker_works() else LOCAL


def command(
    engine: str,
    folder: str,
    address: Address,
    image: str = IMAGE,
    container: str = "tensorflow-serving",
    more: Sequence[str] = (),
) -> list[str]:
    """Returns the command line of a server that follows the configuration in a folder.

    Args:
        engine: `docker` or `local`.
        folder: Absolute path of the folder that holds `models.config` and the model.
        address: Host and ports to listen on.
        image: Docker image of TensorFlow Serving.
        container: Name of the container.
        more: Flags that only the local server has.
    """
    flags = [
        f"--model_config_file={os.path.join(folder, CONFIG)}",
        f"--model_config_file_poll_wait_seconds={POLL_SECONDS}",
        f"--monitoring_config_file={os.path.join(folder, MONITORING)}",
        "--allow_version_labels_for_unavailable_models=true",
    ]
    host, grpc_port, rest_port = address.host, address.grpc_port, address.rest_port
    if engine == LOCAL:
        ports = [f"--host={host}", f"--port={grpc_port}", f"--rest_api_port={rest_port}"]
        quiet = ("-W", "ignore::FutureWarning")  # Google's libraries, of Python 3.10's age
        return [sys.executable, *quiet, "-m", "serving.stand_in", *ports, *flags, *more]
    published = [f"--publish={host}:{grpc_port}:8500", f"--publish={host}:{rest_port}:8501"]
    return [
        "docker",
        "run",
        "--rm",
        "--init",
        f"--name={container}",
        *published,
        f"--volume={folder}:{folder}:ro",
        "--entrypoint=tensorflow_model_server",
        image,
        "--port=8500",
        "--rest_api_port=8501",
        *flags,
    ]


def container_runs(container: str) -> bool:
    """Returns whether a container runs; it then has the ports that it publishes."""
    command = ["docker", "container", "inspect", "--format={{.State.Running}}", container]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=DOCKER_SECONDS)
    return finished.stdout.strip() == "true"


def write_monitoring(folder: str) -> None:
    """Writes the configuration of the metrics page into a folder, if there is none yet."""
    path = os.path.join(folder, MONITORING)
    if os.path.exists(path):
        return
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(f'prometheus_config {{\n  enable: true\n  path: "{METRICS_PATH}"\n}}\n')
    os.replace(temporary, path)
