"""Deploying: the experiment, the pipeline, and a version of it named by the git revision.

Every step looks first, so that a deployment that broke off goes on where it stopped.
"""

import hashlib
import pathlib
import re

import yaml

from pipeline.kubeflow.api.connection import ServerError
from pipeline.kubeflow.api.server import Server, Version
from pipeline.kubeflow.api.steps import Steps
from pipeline.kubeflow.environment.cluster import Environment

LISTED = 5


def deploy(server: Server, package: pathlib.Path, name: str, step: Steps) -> None:
    """Brings the server to hold a version.

    Args:
        server: The environment's.
        package: The compiled pipeline.
        name: Of the version.
        step: Does or only says it.

    Raises:
        ValueError: There is a version of that name with other content, or the package is not one
            of this environment.
        ServerError: The server refuses.
    """
    check_package(server.environment, package)
    description = describe(server, package)
    if server.experiment_id() is None:
        step(f"create the experiment {server.environment.experiment}", server.create_experiment)
    pipeline_id = server.pipeline_id()
    if pipeline_id is None:
        pipeline = server.environment.pipeline_name
        pipeline_id = step(
            f"create the pipeline {pipeline}",
            lambda: server.create_pipeline(package, description),
        )
    if pipeline_id is None or not _is_there(server, pipeline_id, name, description):
        step(
            f"upload the version {name} ({brief(description)})",
            lambda: _upload(server, pipeline_id, package, name, description),
        )


def check_package(environment: Environment, package: pathlib.Path) -> None:
    """Checks that a package was compiled for an environment: it holds the paths of one.

    Raises:
        ValueError: It was not, or is no compiled pipeline.
    """
    with package.open(encoding="utf-8") as file:
        documents = [document for document in yaml.safe_load_all(file) if document]
    specifications = [document for document in documents if "pipelineInfo" in document]
    names = [specification["pipelineInfo"].get("name") for specification in specifications]
    if names != [environment.pipeline_name]:
        raise ValueError(
            f"{package} holds the pipelines {names}, not {environment.pipeline_name!r}: "
            f"`movielens kubeflow compile --env {environment.name}` writes that one."
        )


def describe(server: Server, package: pathlib.Path) -> str:
    """Returns the description of a version: its image, and a hash of the compiled pipeline.

    The server rewrites the specification that it is given, so the hash is what can be compared.
    """
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    return f"image {server.environment.image}, pipeline sha256:{digest}"


def brief(description: str) -> str:
    """Returns a description with its hashes cut to what people compare."""
    return re.sub(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", r"\1", description)


def find(server: Server, name: str) -> Version:
    """Returns a version that was deployed.

    Raises:
        ValueError: There is none of that name; the message lists some that are there.
    """
    pipeline_id = server.pipeline_id()
    found = server.version(pipeline_id, name) if pipeline_id else None
    if found is None:
        latest = server.latest_versions(pipeline_id, LISTED) if pipeline_id else []
        there = ", ".join(version.name for version in latest) or "none"
        raise ValueError(
            f"Version {name!r} of {server.environment.pipeline_name} is not on the server (latest: "
            f"{there}). `movielens kubeflow deploy --env {server.environment.name}` puts it there; "
            "--version chooses another."
        )
    return found


def _upload(
    server: Server, pipeline_id: str | None, package: pathlib.Path, name: str, description: str
) -> None:
    assert pipeline_id is not None  # None in a dry run only, which does not come here
    try:
        server.upload(pipeline_id, package, name, description)
    except ServerError:  # somebody may have been faster: 409, of older servers 500
        if not _is_there(server, pipeline_id, name, description):
            raise


def _is_there(server: Server, pipeline_id: str, name: str, description: str) -> bool:
    version = server.version(pipeline_id, name)
    there = version.description if version else description
    if there != description:
        raise ValueError(
            f"Version {name!r} is on the server with other content ({brief(there)}; here: "
            f"{brief(description)}). Commit what changed, or name this one with --version."
        )
    return version is not None
