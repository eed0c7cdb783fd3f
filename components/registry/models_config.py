"""TensorFlow Serving's `models.config`: which versions are loaded, and which label means which.

It lies beside the folder of the model that it is for. Without it the server loads the newest
version, and nothing has a label.
"""

import os

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2
from tfx.dsl.io import fileio

NAME = "models.config"
STABLE, CANARY = "stable", "canary"


def path_of(base: str) -> str:
    """Returns where the configuration for the model in the folder `base` is."""
    return os.path.join(os.path.dirname(base.rstrip("/")), NAME)


def labels(base: str) -> dict[str, int]:
    """Returns the version of each label; nothing where there is no configuration.

    Raises:
        ValueError: The configuration can't be read.
    """
    config = _read(base)
    model = _model(config, base)
    return dict(model.version_labels) if model else {}


def loaded(base: str) -> list[int]:
    """Returns the versions that the configuration names; none means the newest only.

    Raises:
        ValueError: The configuration can't be read.
    """
    model = _model(_read(base), base)
    return sorted(model.model_version_policy.specific.versions) if model else []


def write(
    base: str, versions: set[int], labels: dict[str, int], seen_as: str | None = None
) -> None:
    """Writes what the server shall load, whole or not at all; other models in the file stay.

    Args:
        base: The folder of the model.
        versions: What to load.
        labels: The version that each label means.
        seen_as: Path of `base` as the server sees it, such as "/models/movielens"; by default as it
            is in the configuration already, else `base` itself.
    """
    config = _read(base)
    model = _model(config, base)
    if model is None:
        model = config.model_config_list.config.add()
        model.name = name_of(base)
        model.base_path = os.path.abspath(base) if "://" not in base else base
    model.model_platform = "tensorflow"
    model.base_path = seen_as or model.base_path
    model.model_version_policy.Clear()
    model.model_version_policy.specific.versions.extend(sorted(versions))
    model.version_labels.clear()
    model.version_labels.update(labels)
    replace(path_of(base), text_format.MessageToString(config))


def replace(path: str, text: str) -> None:
    """Writes a small file, whole or not at all."""
    temporary = f"{path}.tmp"
    with fileio.open(temporary, "w") as file:
        file.write(text)
    fileio.rename(temporary, path, overwrite=True)


def name_of(base: str) -> str:
    """Returns the name under which the model in the folder `base` is served."""
    return os.path.basename(base.rstrip("/"))


def _read(base: str) -> model_server_config_pb2.ModelServerConfig:
    path = path_of(base)
    config = model_server_config_pb2.ModelServerConfig()
    if not fileio.exists(path):
        return config
    with fileio.open(path, "r") as file:
        text = file.read()
    try:
        return text_format.Parse(text, config)
    except text_format.ParseError as error:
        raise ValueError(
            f"{path} is not a configuration of TensorFlow Serving ({error}): mend it, or remove it "
            "to serve the newest version."
        ) from error


def _model(
    config: model_server_config_pb2.ModelServerConfig, base: str
) -> model_server_config_pb2.ModelConfig | None:
    """Returns the entry of the model in the folder `base`, by its name."""
    named = [model for model in config.model_config_list.config if model.name == name_of(base)]
    return named[0] if named else None
