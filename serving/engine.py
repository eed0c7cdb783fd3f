"""Which program serves: TensorFlow Serving's image where Docker works, else the local stand-in."""

import dataclasses
import os
import shutil
import subprocess
import sys

IMAGE = "tensorflow/serving:2.16.1"
"""Of the TensorFlow that writes the bundle."""

CONFIG, MONITORING = "models.config", "monitoring.config"
METRICS_PATH = "/monitoring/prometheus/metrics"
DOCKER, LOCAL = "docker", "local"
DOCKER_SECONDS = 20
POLL_SECONDS = 1


@dataclasses.dataclass(frozen=True)
class Address:
    """Where a server listens."""

    host: str
    grpc_port: int
    rest_port: int


def docker_works() -> bool:
    """Whether a Docker daemon answers; the command alone is not enough."""
    docker = shutil.which("docker")
    if not docker:
        return False
    try:
        done = subprocess.run([docker, "info"], capture_output=True, timeout=DOCKER_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def command(engine: str, folder: str, address: Address, image: str = IMAGE) -> list[str]:
    """Returns the command that serves what a folder's configuration says.

    Args:
        engine: `docker` or `local`.
        folder: Absolute path of the folder that holds `models.config` and the model.
        address: Where to listen.
        image: For Docker.
    """
    flags = [
        f"--model_config_file={os.path.join(folder, CONFIG)}",
        f"--model_config_file_poll_wait_seconds={POLL_SECONDS}",
        f"--monitoring_config_file={os.path.join(folder, MONITORING)}",
        "--allow_version_labels_for_unavailable_models=true",
    ]
    host, grpc_port, rest_port = address.host, address.grpc_port, address.rest_port
    if engine == LOCAL:
        ours = [f"--host={host}", f"--port={grpc_port}", f"--rest_api_port={rest_port}"]
        quiet = ("-W", "ignore::FutureWarning")  # Google's libraries, of Python 3.10's age
        return [sys.executable, *quiet, "-m", "serving.stand_in", *ours, *flags]
    published = [f"--publish={host}:{grpc_port}:8500", f"--publish={host}:{rest_port}:8501"]
    return [
        "docker",
        "run",
        "--rm",
        "--init",
        *published,
        f"--volume={folder}:{folder}:ro",
        "--entrypoint=tensorflow_model_server",
        image,
        "--port=8500",
        "--rest_api_port=8501",
        *flags,
    ]


def write_configuration(base_path: str) -> None:
    """Writes the configuration of a model beside its folder, if there is none yet.

    Without labels: the newest version answers. `movielens serving promote` changes it.

    Args:
        base_path: Absolute folder of the versions; its name is the model's.
    """
    folder, name = os.path.split(base_path)
    _write_new(
        os.path.join(folder, CONFIG),
        f'model_config_list {{\n  config {{\n    name: "{name}"\n    base_path: "{base_path}"\n'
        '    model_platform: "tensorflow"\n  }\n}\n',
    )
    _write_new(
        os.path.join(folder, MONITORING),
        f'prometheus_config {{\n  enable: true\n  path: "{METRICS_PATH}"\n}}\n',
    )


def _write_new(path: str, text: str) -> None:
    if os.path.exists(path):
        return
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(temporary, path)
