"""TensorFlow Serving's `models.config`: the versions to load, and the version of each label.

The file lies beside the folder of its model. Where it names no versions the server loads the
newest.
"""

import os
import uuid

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2
from tfx.dsl.io import fileio

NAME = "models.config"
STABLE, CANARY = "stable", "canary"
PLATFORM = "tensorflow"


def path_of(base: str) -> str:
    """Returns the path of the configuration of the model in the folder `base`."""
    return os.path.join(os.path.dirname(base.rstrip("/")), NAME)


def labels(base: str) -> dict[str, int]:
    """Returns the version of each label; none where there is no configuration.

    Raises:
        ValueError: The configuration can't be read.
    """
    config = _read(base)
    model = _model(config, base)
    return dict(model.version_labels) if model else {}


def loaded(base: str) -> list[int]:
    """Returns the versions that the configuration names; none: the newest is loaded.

    Raises:
        ValueError: The configuration can't be read.
    """
    model = _model(_read(base), base)
    return sorted(model.model_version_policy.specific.versions) if model else []


def write(
    base: str, versions: set[int], labels: dict[str, int], seen_as: str | None = None
) -> None:
    """Writes the versions that the server shall load; other models in the file stay.

    Args:
        base: Folder of the model.
        versions: Versions to load.
        labels: Version of each label.
        seen_as: Path of `base` as the server sees it, such as "/models/movielens"; by default the
            path in the configuration, else `base` itself.
    """
    config = _read(base)
    model = _model(config, base)
    if model is None:
        model = _add_model(config, base)
    model.model_platform = PLATFORM
    model.base_path = seen_as or model.base_path
    model.model_version_policy.Clear()
    model.model_version_policy.specific.versions.extend(sorted(versions))
    model.version_labels.clear()
    model.version_labels.update(labels)
    replace(path_of(base), text_format.MessageToString(config))


def write_newest(base: str) -> None:
    """Writes a configuration that serves the newest version, unless there is one already.

    Args:
        base: Folder of the model.
    """
    path = path_of(base)
    if not fileio.exists(path):
        config = model_server_config_pb2.ModelServerConfig()
        _add_model(config, base)
        replace(path, text_format.MessageToString(config))


def replace(path: str, text: str) -> None:
    """Writes a small file, whole or not at all."""
    temporary = f"{path}.{uuid.uuid4().hex}.tmp"
    with fileio.open(temporary, "w") as file:
        file.write(text)
    fileio.rename(temporary, path, overwrite=True)


def name_of(base: str) -> str:
    """Returns the name of the model in the folder `base`: that of the folder."""
    return os.path.basename(base.rstrip("/"))


def _read(base: str) -> model_server_config_pb2.ModelServerConfig:
    path = path_of(base)
    config = model_server_config_pb2.ModelServerConfig()
    if not fileio.exists(path):
        return config
    with fileio.open(path, "r") as file:
        text = "".join(file)  # read() asks the path for a length, which may be a newer file's
    try:
        return text_format.Parse(text, config)
    except text_format.ParseError as error:
        raise ValueError(
            f"{path} is not a configuration of TensorFlow Serving ({error}): mend it, or remove it "
            "to serve the newest version."
        ) from error


def _add_model(
    config: model_server_config_pb2.ModelServerConfig, base: str
) -> model_server_config_pb2.ModelConfig:
    """Adds an entry for the model in the folder `base`, and returns it."""
    path = os.path.abspath(base) if "://" not in base else base
    return config.model_config_list.config.add(
        name=name_of(base), base_path=path, model_platform=PLATFORM
    )


def _model(
    config: model_server_config_pb2.ModelServerConfig, base: str
) -> model_server_config_pb2.ModelConfig | None:
    """Returns the entry of the model in the folder `base`, by its name."""
    matches = [model for model in config.model_config_list.config if model.name == name_of(base)]
    return matches[0] if matches else None
