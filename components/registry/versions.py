"""Registry of pushed versions: the folder that TensorFlow Serving watches.

A version is a child whose name is a number and that holds a complete SavedModel; anything else, a
half-copied folder included, is not one. The server's configuration says which version is served:
the one labelled `stable`, or the newest where nothing is labelled.
"""

import os
from collections.abc import Callable
from typing import TypeVar

from absl import logging
from tfx.dsl.io import fileio

from components.registry import models_config
from components.registry.models_config import STABLE

SAVED_MODEL = "saved_model.pb"
LARGEST_VERSION = 2**63 - 1
SET_ASIDE = ".damaged-"  # before the number of a version that must not be served
T = TypeVar("T")


def versions(base: str) -> list[int]:
    """Returns the complete versions under `base`, oldest first; none where there is no folder."""
    return sorted(folders(base))


def folder(base: str, version: int) -> str:
    """Returns the path of a complete version.

    Raises:
        LookupError: There is none; the message lists those there are.
    """
    known = folders(base)
    if version not in known:
        there = ", ".join(map(str, sorted(known))) or "none"
        raise LookupError(f"No complete version {version} under {base}; there are: {there}.")
    return os.path.join(base, known[version])


def served(base: str) -> int | None:
    """Returns the version that is served, or None before the first push.

    Where the folder of the version labelled `stable` is gone the newest one stands in for it, and
    the log says so: the server can't start like that, but runs and pushes go on.

    Raises:
        ValueError: The server's configuration can't be read.
    """
    there = versions(base)
    newest = there[-1] if there else None
    labelled = models_config.labels(base).get(STABLE)
    if labelled is None or labelled in there:
        return newest if labelled is None else labelled
    logging.warning(
        "%s labels version %d as %s, which is not under %s: %s. `movielens serving promote` mends "
        "that.",
        models_config.path_of(base),
        labelled,
        STABLE,
        base,
        "there is none" if newest is None else f"version {newest} is taken for it",
    )
    return newest


def labels(base: str) -> dict[str, int]:
    """Returns the version of each label, as far as the versions are there.

    Raises:
        ValueError: The server's configuration can't be read.
    """
    there = versions(base)
    labelled = models_config.labels(base)
    return {name: version for name, version in labelled.items() if version in there}


def folders(base: str) -> dict[int, str]:
    """Returns the folder name of each complete version.

    TensorFlow Serving reads 0012 as 12, and of several names of one number the last.
    """
    return {
        int(name): name
        for name in children(base)
        if is_number(name) and fileio.exists(os.path.join(base, name, SAVED_MODEL))
    }


def if_there(folder: str, read: Callable[[str], T]) -> T | None:
    """Returns what a function reads of a version's folder; None if that is gone meanwhile."""
    try:
        result = read(folder)
    except Exception:  # OSError, or TensorFlow's OpError
        if fileio.exists(folder):
            raise
        return None
    return result if fileio.exists(folder) else None


def numbers(base: str) -> list[int]:
    """Returns every number that is taken, by a complete version or not."""
    names = (name.removeprefix(SET_ASIDE).partition("-")[0] for name in children(base))
    return [int(name) for name in names if is_number(name)]


def is_number(name: str) -> bool:
    """Returns whether TensorFlow Serving takes a folder's name for a version: an int64 from 0."""
    return name.isascii() and name.isdecimal() and int(name) <= LARGEST_VERSION


def children(base: str) -> list[str]:
    """Returns the names under `base`, in order; none where there is no folder."""
    return sorted(name.strip("/") for name in fileio.listdir(base)) if fileio.isdir(base) else []
