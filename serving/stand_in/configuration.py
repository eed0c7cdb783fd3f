"""Configuration of the models to serve: TensorFlow Serving's `models.config`, checked."""

import dataclasses
from collections.abc import Mapping

from google.protobuf import text_format
from google.protobuf.message import Message
from tensorflow_serving.config import model_server_config_pb2


class ConfigurationError(ValueError):
    """A configuration that can't be served."""


@dataclasses.dataclass(frozen=True)
class VersionPolicy:
    """Choice of the versions to load, of those that are there."""

    latest: int = 1
    """Number of the newest versions to load."""

    specific: frozenset[int] = frozenset()
    """The only versions to load, if any are named."""

    all: bool = False
    """Whether to load all versions."""

    def __post_init__(self) -> None:
        if self.latest < 1:
            raise ConfigurationError(
                f"`latest {{ num_versions }}` must be at least 1, got {self.latest}."
            )

    def choose(self, found: set[int]) -> set[int]:
        """Returns the versions of `found` that should be loaded."""
        if self.specific:
            return found & self.specific
        if self.all:
            return found
        return set(sorted(found, reverse=True)[: self.latest])


@dataclasses.dataclass(frozen=True)
class Model:
    """A model to serve."""

    name: str
    base_path: str
    """Absolute path of the folder whose numbered children are versions."""

    policy: VersionPolicy = VersionPolicy()
    labels: Mapping[str, int] = dataclasses.field(default_factory=dict)
    """Version by label, such as `stable`."""

    def __post_init__(self) -> None:
        if not self.name:
            raise ConfigurationError("A model needs a name.")
        if not self.base_path.startswith("/"):
            raise ConfigurationError(
                f"Expected model {self.name} to have an absolute path or URI; got base_path()="
                f"{self.base_path}"
            )


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings of watching and loading; the names are those of TensorFlow Serving's flags."""

    file_system_poll_wait_seconds: float = 1
    model_config_file_poll_wait_seconds: float = 0
    """Seconds between two reads of the file; 0: it is read once."""

    max_num_load_retries: int = 5
    load_retry_interval_micros: int = 60_000_000
    enable_model_warmup: bool = True
    allow_version_labels_for_unavailable_models: bool = False
    """Applies to labels that are not in use yet."""

    tensorflow_intra_op_parallelism: int = 0
    tensorflow_inter_op_parallelism: int = 0


def parse(text: str) -> tuple[Model, ...]:
    """Reads a `ModelServerConfig` in text format.

    Raises:
        ConfigurationError: It can't be parsed, or can't be served.
    """
    try:
        config = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
    except text_format.ParseError as error:
        raise ConfigurationError(
            f"Error parsing text-format tensorflow.serving.ModelServerConfig: {error}"
        ) from error
    if config.WhichOneof("config") == "custom_model_config":
        raise ConfigurationError("custom_model_config is not supported: use model_config_list.")
    models = tuple(_model(entry) for entry in config.model_config_list.config)
    names = [model.name for model in models]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(f"Illegal to list model {name} multiple times in config list.")
    return models


def read(path: str) -> tuple[Model, ...]:
    """Reads a `models.config`.

    Raises:
        ConfigurationError: It can't be read, parsed or served; the message names the file.
    """
    try:
        with open(path, encoding="utf-8") as file:
            return parse(file.read())
    except (OSError, UnicodeDecodeError, ConfigurationError) as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _model(entry: model_server_config_pb2.ModelConfig) -> Model:
    if entry.model_platform not in ("", "tensorflow"):
        raise ConfigurationError(
            f"Model {entry.name} has platform {entry.model_platform!r}; only tensorflow is served."
        )
    return Model(
        entry.name,
        entry.base_path,
        _policy(entry.name, entry.model_version_policy),
        dict(entry.version_labels),
    )


def _policy(name: str, policy: Message) -> VersionPolicy:
    kind = policy.WhichOneof("policy_choice")
    if kind == "specific":
        if not policy.specific.versions:
            raise ConfigurationError(f"Model {name}: `specific` names no version.")
        return VersionPolicy(specific=frozenset(policy.specific.versions))
    if kind == "latest":
        return VersionPolicy(latest=policy.latest.num_versions)
    return VersionPolicy(all=kind == "all")
