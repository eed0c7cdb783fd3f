"""Presets: named starting points, one YAML file each beside this module."""

import dataclasses
import functools
import importlib.resources
from collections.abc import Sequence

from pipeline.config import Settings
from pipeline.settings import changes, yaml_files
from pipeline.settings.errors import ConfigurationError, did_you_mean

DEFAULT = "ml-100k"
OWN = "catalogue"  # where data is defined by its owner
SUFFIX = ".yaml"


@dataclasses.dataclass(frozen=True)
class Preset:
    """Settings with a name."""

    name: str
    """Of the file, without its suffix."""

    summary: str
    """What it is, in a line."""

    dataset: str
    """Release to fetch when no folder is given; empty: a folder must be."""

    settings: Settings = Settings()
    """What it sets; all else is at its default."""


def names() -> list[str]:
    """Returns the names of all presets, the default's first."""
    files = (file.name for file in importlib.resources.files(__name__).iterdir())
    found = (file.removesuffix(SUFFIX) for file in files if file.endswith(SUFFIX))
    return sorted(found, key=lambda name: (name != DEFAULT, name))


@functools.cache
def find(name: str) -> Preset:
    """Returns a preset.

    Raises:
        ConfigurationError: There is none of that name; the message lists those there are.
    """
    if name not in names():
        raise ConfigurationError(
            f"Unknown preset {name!r}; there are: {', '.join(names())}{did_you_mean(name, names())}"
        )
    file = importlib.resources.files(__name__) / f"{name}{SUFFIX}"
    document = yaml_files.read(file)
    summary, dataset = document.pop("summary"), document.pop("dataset", "")
    return Preset(name, summary, dataset, changes.apply(Settings(), document, str(file)))


def with_settings(preset: Preset, texts: Sequence[str]) -> Preset:
    """Returns a preset with some settings changed.

    Args:
        preset: The starting point.
        texts: Such as "model.epochs=5" or "gates.min_lift=0.01".

    Raises:
        ConfigurationError: A text is malformed, names no setting, or has an impossible value.
    """
    settings = changes.apply(preset.settings, changes.parse(texts))
    return dataclasses.replace(preset, settings=settings)
