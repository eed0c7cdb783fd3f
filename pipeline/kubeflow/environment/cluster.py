"""What one cluster is: read from `kubeflow/environments/NAME.yaml`, typed, and checked as a whole.

Facts about a cluster only; what the pipeline does is the preset's. No secret is ever in it.
"""

import dataclasses
import pathlib
import re
from collections.abc import Iterable

from pydantic.dataclasses import dataclass

from pipeline.kubeflow.environment.cron import check_cron
from pipeline.kubeflow.environment.pods import (
    NAME,
    REFUSE_UNKNOWN,
    ComponentSettings,
    SecretFolder,
    SecretVariable,
    Volume,
    match,
)
from pipeline.settings import yaml_files
from pipeline.settings.errors import ConfigurationError, did_you_mean
from pipeline.settings.validation import check
from transform import datasets, definition_files
from transform.definition import Definition

FOLDER = pathlib.Path("kubeflow") / "environments"
DEFAULT = "default"
PLACEHOLDER_DIGEST = "sha256:" + 64 * "0"

IMAGE = re.compile(r"[a-z0-9][a-z0-9._:/-]*@sha256:[0-9a-f]{64}")
HOST = re.compile(r"https?://[^\s/]+(/[^\s]*)?")
PIPELINE_ROOT = re.compile(r"(minio|s3|gs)://[^/\s]+/[^\s]+")
BUCKET = "gs://"


@dataclass(frozen=True, config=REFUSE_UNKNOWN)
class Environment:
    """One cluster and how the pipeline runs there."""

    name: str
    """Name of the file, without its suffix."""

    host: str
    """URL of the Kubeflow Pipelines API."""

    namespace: str
    """Kubernetes namespace of the runs; in a multi-user installation, the profile."""

    service_account: str
    """Kubernetes service account of the runs."""

    experiment: str
    """Kubeflow experiment of the runs."""

    image: str
    """The pipeline's image by digest, `repository@sha256:…`; `make image` prints it."""

    pipeline_root: str
    """Where artifacts go: `minio://`, `s3://` or `gs://`, bucket and folder."""

    data: str
    """Folder of the files in the container, on one of the volumes; or `gs://…`, which
    it must be where Beam runs on machines that can't mount the volume. Or a pattern of folders,
    such as `/data/{SPAN}`: each run reads the newest."""

    serving_base: str
    """Folder that TensorFlow Serving watches, in the container, on one of the volumes."""

    components: dict[str, ComponentSettings]
    """By component id; "default" is for all that have no entry of their own."""

    volumes: tuple[Volume, ...] = ()
    """Claims that hold the data and the served bundles."""

    secrets: tuple[SecretVariable, ...] = ()
    """Environment variables from Kubernetes Secrets."""

    secret_folders: tuple[SecretFolder, ...] = ()
    """Files from Kubernetes Secrets, such as the key of `serving.signing_key_file`."""

    definition: str = ""
    """File that defines the data, relative to this one; empty: MovieLens' own definition."""

    preset: str = "ml-100k"
    """Named starting point, as in `movielens run --preset`."""

    settings: tuple[str, ...] = ()
    """Changes to it, as in `movielens run --set`: "model.epochs=5"."""

    beam_pipeline_args: tuple[str, ...] = ()
    """Beam's pipeline options; empty: in the component's own process."""

    cron: str = ""
    """When scheduled runs start, 6 fields with seconds first, UTC; empty: `--cron` must say it."""

    def __post_init__(self) -> None:
        """Checks every field, and the fields against each other.

        Raises:
            ValueError: A field has no possible meaning; the message names it and its value.
        """
        for name in ("name", "namespace", "service_account"):
            match(name, getattr(self, name), NAME, "a Kubernetes name")
        match("host", self.host, HOST, "a URL, http:// or https://")
        match("image", self.image, IMAGE, "an image by digest, repository@sha256:…")
        match(
            "pipeline_root", self.pipeline_root, PIPELINE_ROOT, "minio://, s3:// or gs://BUCKET/…"
        )
        for name in ("experiment", "preset"):
            if not getattr(self, name):
                raise ValueError(f"{name} must not be empty.")
        if DEFAULT not in self.components:
            raise ValueError(f"components must have an entry {DEFAULT!r}.")
        if self.cron:
            check_cron(self.cron)
        self._check_volumes()

    def _check_volumes(self) -> None:
        claims = [volume.claim for volume in self.volumes]
        folders = [volume.mount_path for volume in self.volumes]
        folders += [folder.mount_path for folder in self.secret_folders]
        for name, taken in (("claim", claims), ("mount_path", folders)):
            twice = sorted({value for value in taken if taken.count(value) > 1})
            if twice:
                raise ValueError(f"volumes have the same {name} twice: {twice[0]!r}.")
        for name in ("data", "serving_base"):
            path = pathlib.PurePosixPath(getattr(self, name))
            if name == "data" and self.data.startswith(BUCKET):
                continue  # TensorFlow and Beam read it where it is
            if not any(path.is_relative_to(volume.mount_path) for volume in self.volumes):
                mounted = ", ".join(volume.mount_path for volume in self.volumes) or "none"
                raise ValueError(
                    f"{name} must lie on a volume (mounted: {mounted}), got {str(path)!r}: a pod's "
                    "own disk is gone when it ends."
                )

    @property
    def pipeline_name(self) -> str:
        """Name of the pipeline on the server."""
        return f"{self.read_definition().name}-{self.name}"

    def read_definition(self) -> Definition:
        """Returns the definition of the data.

        Raises:
            FileError: It can't be read, or says what has no meaning.
        """
        if not self.definition:
            return datasets.load(datasets.MOVIELENS)
        return definition_files.load(pathlib.Path(self.definition))

    def of(self, component: str) -> ComponentSettings:
        """Returns what a component's pod asks for: its own entry, or the default's."""
        return self.components.get(component, self.components[DEFAULT])

    def check_components(self, known: Iterable[str]) -> None:
        """Checks that every component named here is in the graph.

        Args:
            known: Ids of the graph's components.

        Raises:
            ValueError: One is not; a typo would otherwise go unnoticed until a pod lacks memory.
        """
        known = set(known)
        named = {"components": set(self.components) - {DEFAULT}}
        for field in ("volumes", "secrets", "secret_folders"):
            named[field] = {name for item in getattr(self, field) for name in item.components}
        for field, names in named.items():
            if names - known:
                raise ValueError(
                    f"{field} of the environment {self.name!r} name {sorted(names - known)[0]!r}, "
                    f"which is no component; there are: {', '.join(sorted(known))}."
                )

    def check_image(self) -> None:
        """Checks that there can be an image.

        Raises:
            ValueError: The digest is still the one that a new environment file begins with.
        """
        if self.image.endswith(PLACEHOLDER_DIGEST):
            raise ValueError(
                f"The image of the environment {self.name!r} is still the placeholder "
                f"{self.image}: run `make image IMAGE=REPOSITORY` and put what it prints into the "
                "environment's file."
            )


def load(name: str, folder: pathlib.Path = FOLDER) -> Environment:
    """Reads an environment.

    Args:
        name: Such as "prod".
        folder: Of the files.

    Raises:
        ConfigurationError: There is no such file, or something in it is wrong; the message says
            where.
    """
    path = folder / f"{name}.yaml"
    if not path.is_file():
        there = sorted(file.stem for file in folder.glob("*.yaml"))
        raise ConfigurationError(
            f"No environment {name!r}: {path} is not there; there are: "
            f"{', '.join(there) or 'none'}{did_you_mean(name, there)}"
        )
    environment = check(Environment, yaml_files.read(path), str(path))
    if environment.name != name:
        raise ConfigurationError(f"{path}: name must be {name!r}, got {environment.name!r}.")
    if environment.definition:
        beside = str(path.parent / environment.definition)
        environment = dataclasses.replace(environment, definition=beside)
    return environment
