"""TensorFlow Serving's `models.config`: the versions to load, and the version of each label.

The file lies beside the folder of its model. Where it names no versions the server loads the
newest. Its first line, a comment, says in which folder it was written: where it was copied or moved
to another, the paths under that folder are taken along.
"""

import json
import os
import re
import uuid

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2
from tfx.dsl.io import fileio

NAME = "models.config"
STABLE, CANARY = "stable", "canary"
PLATFORM = "tensorflow"
SCHEMA = 1
ORIGIN = "# movielens, schema {}, written in {}\n"
_ORIGIN = re.compile(r'^# movielens, schema (\d+), written in ("(?:[^"\\]|\\.)*")', re.MULTILINE)


class Unreadable(ValueError):  # noqa: N818
    """A `models.config` that is no configuration of TensorFlow Serving."""


def path_of(base: str) -> str:
    """Returns the path of the configuration of the model in the folder `base`."""
    return os.path.join(os.path.dirname(base.rstrip("/")), NAME)


def labels(base: str) -> dict[str, int]:
    """Returns the version of each label; none where there is no configuration.

    Raises:
        Unreadable: The configuration can't be read.
        ValueError: Only later code can read it.
    """
    config = _read(base)
    model = _model(config, base)
    return dict(model.version_labels) if model else {}


def loaded(base: str) -> list[int]:
    """Returns the versions that the configuration names; none: the newest is loaded.

    Raises:
        Unreadable: The configuration can't be read.
        ValueError: Only later code can read it.
    """
    model = _model(_read(base), base)
    return sorted(model.model_version_policy.specific.versions) if model else []


def write(
    base: str, versions: set[int], labels: dict[str, int], seen_as: str | None = None
) -> None:
    """Writes the versions that the server shall load; other models in the file stay.

    Args:
        base: Folder of the model.
        versions: Versions to load; the newest where none are named.
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
    model.ClearField("model_version_policy")
    if versions:
        model.model_version_policy.specific.versions.extend(sorted(versions))
    model.version_labels.clear()
    model.version_labels.update(labels)
    _write(base, config)


def write_newest(base: str) -> None:
    """Writes a configuration that serves the newest version, unless there is one already.

    One that was copied here with its folder is made to name this folder.

    Args:
        base: Folder of the model.
    """
    path = path_of(base)
    config = model_server_config_pb2.ModelServerConfig()
    if not fileio.exists(path):
        _add_model(config, base)
        _write(base, config)
    elif _foreign_folder(_parse(base, config), config, base):
        _write(base, _read(base))


def replace(path: str, text: str) -> None:
    """Writes a small file, whole or not at all."""
    temporary = f"{path}.{uuid.uuid4().hex}.tmp"
    try:
        with fileio.open(temporary, "w") as file:
            file.write(text)
        fileio.rename(temporary, path, overwrite=True)
    except BaseException:
        if fileio.exists(temporary):
            fileio.remove(temporary)
        raise


def set_aside(path: str) -> str:
    """Renames a file that can't be read, and returns its new path, which no file had."""
    aside = f"{path}.unreadable-{uuid.uuid4().hex[:8]}"
    fileio.rename(path, aside)
    return aside


def remove_temporaries(path: str) -> None:
    """Removes what a killed `replace` of a file left; nobody may be writing it now."""
    pattern = re.compile(re.escape(os.path.basename(path)) + r"\.[0-9a-f]{32}\.tmp")
    folder = os.path.dirname(path)
    for name in fileio.listdir(folder) if fileio.isdir(folder) else []:
        if pattern.fullmatch(name):
            fileio.remove(os.path.join(folder, name))


def name_of(base: str) -> str:
    """Returns the name of the model in the folder `base`: that of the folder."""
    return os.path.basename(base.rstrip("/"))


def _read(base: str) -> model_server_config_pb2.ModelServerConfig:
    """Returns the configuration, its paths as they are where it lies now."""
    config = model_server_config_pb2.ModelServerConfig()
    if not fileio.exists(path_of(base)):
        return config
    written_in = _foreign_folder(_parse(base, config), config, base)
    for model in config.model_config_list.config if written_in else ():
        if os.path.dirname(model.base_path) == written_in:
            model.base_path = os.path.join(_folder(base), os.path.basename(model.base_path))
    return config


def _parse(base: str, config: model_server_config_pb2.ModelServerConfig) -> str:
    """Reads the file into `config`, and returns its text."""
    path = path_of(base)
    with fileio.open(path, "r") as file:
        text = "".join(file)  # read() asks the path for a length, which may be a newer file's
    origin = _ORIGIN.search(text)
    if origin and int(origin[1]) > SCHEMA:
        raise ValueError(
            f"{path} has schema {origin[1]}, this code reads up to {SCHEMA}: a later revision "
            "wrote it. Upgrade to that."
        )
    try:
        text_format.Parse(text, config)
    except text_format.ParseError as error:
        raise Unreadable(
            f"{path} is not a configuration of TensorFlow Serving ({error}): mend it, or let "
            "`movielens serving verify --repair` set it aside."
        ) from error
    return text


def _foreign_folder(
    text: str, config: model_server_config_pb2.ModelServerConfig, base: str
) -> str | None:
    """Returns the folder that the file was written in; None if that is where it lies.

    A file without the comment is older: it was copied if it names another folder that is there.
    """
    origin = _ORIGIN.search(text)
    if origin:
        written_in = json.loads(origin[2])
        return None if written_in == _folder(base) else written_in
    model = _model(config, base)
    stated = model.base_path if model else ""
    copied = os.path.isdir(stated) and os.path.isdir(base) and not os.path.samefile(stated, base)
    return os.path.dirname(stated) if copied else None


def _write(base: str, config: model_server_config_pb2.ModelServerConfig) -> None:
    origin = ORIGIN.format(SCHEMA, json.dumps(_folder(base), ensure_ascii=False))
    replace(path_of(base), origin + text_format.MessageToString(config))


def _folder(base: str) -> str:
    """Returns the absolute path of the folder of the file."""
    return os.path.dirname(base.rstrip("/") if "://" in base else os.path.abspath(base))


def _add_model(
    config: model_server_config_pb2.ModelServerConfig, base: str
) -> model_server_config_pb2.ModelConfig:
    """Adds an entry for the model in the folder `base`, and returns it."""
    path = os.path.join(_folder(base), name_of(base))
    return config.model_config_list.config.add(
        name=name_of(base), base_path=path, model_platform=PLATFORM
    )


def _model(
    config: model_server_config_pb2.ModelServerConfig, base: str
) -> model_server_config_pb2.ModelConfig | None:
    """Returns the entry of the model in the folder `base`, by its name."""
    matches = [model for model in config.model_config_list.config if model.name == name_of(base)]
    return matches[0] if matches else None
