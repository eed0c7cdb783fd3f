"""Which versions were stable, in order: what a rollback goes back to."""

import json
import os

from tfx.dsl.io import fileio

from components.registry import models_config
from components.registry import versions as registry

NAME = "stable_versions.json"


class Unreadable(ValueError):  # noqa: N818
    """A file that is no list of versions."""


def path_of(base: str) -> str:
    """Returns the path of the file, beside the folder `base`."""
    return os.path.join(os.path.dirname(base.rstrip("/")), NAME)


def read(base: str, labelled: bool) -> list[int]:
    """Returns the versions that were served, in that order, without those that are gone.

    Where no version is labelled each was the newest once and was served.

    Args:
        base: Folder of the versions.
        labelled: Whether a version is labelled stable, be it gone or not.

    Raises:
        Unreadable: The file can't be read.
    """
    there = registry.versions(base)
    if not labelled:
        return there
    return [version for version in written(base) if version in there]


def written(base: str) -> list[int]:
    """Returns the versions in the file; none where there is no file.

    Raises:
        Unreadable: The file can't be read.
    """
    path = path_of(base)
    if not fileio.exists(path):
        return []
    with fileio.open(path, "r") as file:
        text = "".join(file)
    try:
        return [int(version) for version in json.loads(text)]
    except (ValueError, TypeError) as error:
        raise Unreadable(
            f"{path} is not a list of versions ({error}): `movielens serving verify --repair` sets "
            "it aside."
        ) from error


def before(history: list[int], now: int | None) -> list[int]:
    """Returns what was stable before the last time that a version became stable.

    Args:
        history: Versions that were stable, in order; what a killed promotion wrote may follow.
        now: Version that is served now; None where its folder is gone.
    """
    if now in history:
        history = history[: len(history) - 1 - history[::-1].index(now)]
    return [version for version in history if version != now]


def write(base: str, history: list[int]) -> None:
    """Writes the versions that were served, in order, without repetitions in a row."""
    kept = [
        version
        for index, version in enumerate(history)
        if index == 0 or version != history[index - 1]
    ]
    models_config.replace(path_of(base), json.dumps(kept))
