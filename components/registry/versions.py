"""Registry of pushed versions: the folder that TensorFlow Serving watches.

A version is a child whose name is a number and that holds a complete SavedModel; anything else, a
half-copied folder included, is not one. The server's configuration says which version is served:
the one labelled `stable`, or the newest where nothing is labelled.
"""

import contextlib
import os
import time
import uuid

from absl import logging
from tfx.dsl.io import fileio

from components.registry import models_config
from components.registry.models_config import STABLE

SAVED_MODEL = "saved_model.pb"
HIDDEN = ".incoming-"  # no number, so that the server ignores it
ABANDONED_SECONDS = 86_400
LARGEST_VERSION = 2**63 - 1


def versions(base: str) -> list[int]:
    """Returns the complete versions under `base`, oldest first; none where there is no folder."""
    return sorted(_folders(base))


def folder(base: str, version: int) -> str:
    """Returns the path of a complete version.

    Raises:
        LookupError: There is none; the message lists those there are.
    """
    folders = _folders(base)
    if version not in folders:
        there = ", ".join(map(str, sorted(folders))) or "none"
        raise LookupError(f"No complete version {version} under {base}; there are: {there}.")
    return os.path.join(base, folders[version])


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


def hidden_folder(base: str) -> str:
    """Returns a path under `base` that no version and no other push uses."""
    return os.path.join(base, f"{HIDDEN}{uuid.uuid4().hex}")


def place(base: str, staged: str, version: int) -> int:
    """Renames a complete folder into place as a version, which then appears whole.

    Args:
        base: The folder that TensorFlow Serving watches.
        staged: The folder, on the same file system.
        version: The number it gets, unless it is not above every other one: then the next higher,
            for the server takes the highest number to be the newest, whatever the clock said.

    Returns:
        The number.

    Raises:
        ValueError: No number is left, as a folder has the largest one.
    """
    while True:
        version = max(version, *(number + 1 for number in _numbers(base)), 1)
        if version > LARGEST_VERSION:
            raise ValueError(
                f"{base} holds version {LARGEST_VERSION}, above which TensorFlow Serving knows no "
                "number: rename that folder, and run again."
            )
        final = os.path.join(base, str(version))
        try:
            fileio.rename(staged, final)
        except Exception:  # OSError, or TensorFlow's OpError once it serves TFX's file system
            if not fileio.exists(final):  # else another push was quicker: take the next number
                raise
        else:
            return version


def retire(base: str, keep: int) -> list[int]:
    """Removes the oldest complete versions, and the remains of pushes that broke over a day ago.

    A version that carries a label is never removed, nor the one that is served. A folder disappears
    whole before its files do: the server must not see half a version.

    Args:
        base: The folder that TensorFlow Serving watches.
        keep: How many versions stay, the newest; older ones with a label stay besides.

    Returns:
        The versions that were removed, oldest first.
    """
    held = {served(base), *models_config.labels(base).values()}
    folders = _folders(base)
    removed = []
    for version in sorted(folders.keys())[: -keep or None]:
        if version not in held and _remove(base, os.path.join(base, folders[version])):
            removed.append(version)
    if removed:
        logging.info("Removed the versions %s; %d are kept.", removed, keep)
    for name in _children(base):
        path = os.path.join(base, name)
        abandoned = name.startswith(HIDDEN) and _age_seconds(path) > ABANDONED_SECONDS
        if abandoned and _remove(base, path):
            logging.info("Removed %s, which a broken push left.", path)
    return removed


def _remove(base: str, path: str) -> bool:
    """Lets a folder disappear whole, then removes its files; False if another push is quicker.

    It is touched first: under its new name it must not look like what a broken push left long ago,
    which another push would remove at the same time.
    """
    hidden = hidden_folder(base)
    with contextlib.suppress(FileNotFoundError):  # another push is quicker, or it is in a bucket
        os.utime(path)
    if not _renamed(path, hidden):
        return False
    fileio.rmtree(hidden)
    return True


def _renamed(path: str, to: str) -> bool:
    """Renames a folder, and returns True; False if it is not there any more."""
    try:
        fileio.rename(path, to)
    except Exception:  # OSError, or TensorFlow's OpError
        if fileio.exists(path):
            raise
        return False
    return True


def _folders(base: str) -> dict[int, str]:
    """Returns the folder name of each complete version; TensorFlow Serving reads 0012 as 12."""
    return {
        int(name): name
        for name in _children(base)
        if _is_number(name) and fileio.exists(os.path.join(base, name, SAVED_MODEL))
    }


def _numbers(base: str) -> list[int]:
    """Returns every number that is taken, by a complete version or not."""
    return [int(name) for name in _children(base) if _is_number(name)]


def _is_number(name: str) -> bool:
    """Returns whether TensorFlow Serving takes a folder's name for a version: an int64 from 0."""
    return name.isascii() and name.isdecimal() and int(name) <= LARGEST_VERSION


def _children(base: str) -> list[str]:
    return [name.strip("/") for name in fileio.listdir(base)] if fileio.isdir(base) else []


def _age_seconds(path: str) -> float:
    """Returns how long ago a folder last got or lost a file; 0 if it is gone, or in a bucket."""
    try:
        return time.time() - os.stat(path).st_mtime
    except FileNotFoundError:
        return 0.0
