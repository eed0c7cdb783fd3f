"""Coming and going of version folders: each appears whole, and disappears whole.

Who changes what is under `base` holds its lock meanwhile. Under the lock nothing is unfinished but
what a killed process left, and the folders of pushes under way, each of which holds a lock inside.
"""

import contextlib
import os
import time
import uuid
from collections.abc import Iterator

from absl import logging
from tfx.dsl.io import fileio

from components.registry import lock, models_config, versions

INCOMING, REMOVED = ".incoming-", ".removed-"  # no numbers, so that the server ignores them
LOCK = ".lock"
ABANDONED_SECONDS = 86_400


@contextlib.contextmanager
def locked(base: str, purpose: str) -> Iterator[None]:
    """Holds the lock of the versions under `base`, which is made if it is missing.

    What killed processes left there is removed first.

    Args:
        base: The folder that TensorFlow Serving watches.
        purpose: What it is held for, as others are told.

    Raises:
        TimeoutError: Another process holds it; the message says which.
    """
    fileio.makedirs(base)
    with lock.hold(os.path.join(base, LOCK), purpose) as exclusive:
        _remove_leftovers(base, exclusive)
        yield


@contextlib.contextmanager
def incoming(base: str) -> Iterator[str]:
    """Makes a folder under `base` for a version to be copied to, and removes it at the end.

    It holds a lock as long as its process lives: without it anybody may remove it.

    Args:
        base: The folder that TensorFlow Serving watches.

    Yields:
        Its path.
    """
    path = os.path.join(base, f"{INCOMING}{uuid.uuid4().hex}")
    with contextlib.ExitStack() as own:
        with locked(base, "start of a push"):
            fileio.makedirs(path)
            own.enter_context(lock.hold(os.path.join(path, LOCK), "push"))
        try:
            yield path
        finally:
            with locked(base, "end of a push"):
                own.close()  # first: on NFS a folder with an open file can't be removed
                remove(base, path)


def place(base: str, staged: str, version: int) -> int:
    """Renames a complete folder into place as a version, which then appears whole.

    Args:
        base: The folder that TensorFlow Serving watches, locked.
        staged: The folder, on the same file system.
        version: The number it gets, unless it is not above every other one: then the next higher,
            for the server takes the highest number to be the newest, whatever the clock said.

    Returns:
        The number.

    Raises:
        ValueError: No number is left, as a folder has the largest one.
    """
    while True:
        version = max(version, *(number + 1 for number in versions.numbers(base)), 1)
        if version > versions.LARGEST_VERSION:
            raise ValueError(
                f"{base} holds version {versions.LARGEST_VERSION}, above which TensorFlow Serving "
                "knows no number: rename that folder, and run again."
            )
        final = os.path.join(base, str(version))
        try:
            fileio.rename(staged, final)
        except Exception:  # OSError, or TensorFlow's OpError once it serves TFX's file system
            if not fileio.exists(final):  # else a push without locks was quicker: the next number
                raise
        else:
            return version


def place_after(base: str, staged: str, version: int) -> int | None:
    """Renames a complete folder into place right after a version, before all that follow it.

    Args:
        base: The folder that TensorFlow Serving watches, locked.
        staged: The folder, on the same file system.
        version: Number of the version that it follows.

    Returns:
        The number, one higher; None where that is taken, and nothing was changed.
    """
    number = version + 1
    if number in versions.numbers(base) or number > versions.LARGEST_VERSION:
        return None
    fileio.rename(staged, os.path.join(base, str(number)))
    return number


def retire(base: str, keep: int) -> list[int]:
    """Removes the oldest complete versions.

    Neither a version that carries a label is removed, nor one that the server is told to load, nor
    the one that is served; none at all where the server's configuration can't be read.

    Args:
        base: The folder that TensorFlow Serving watches, locked.
        keep: How many versions stay, the newest; older ones that are held stay besides.

    Returns:
        The versions that were removed, oldest first.
    """
    try:
        held = {
            versions.served(base),
            *models_config.labels(base).values(),
            *models_config.loaded(base),
        }
    except models_config.Unreadable as error:
        logging.warning("No version is removed, as nobody knows which are held: %s", error)
        return []
    folders = versions.folders(base)
    removed = []
    for version in sorted(folders)[: -keep or None]:
        if version not in held and remove(base, os.path.join(base, folders[version])):
            removed.append(version)
    if removed:
        logging.info("Removed the versions %s; %d are kept.", removed, keep)
    return removed


def remove(base: str, path: str) -> bool:
    """Lets a folder disappear whole, then removes its files; False if it is not there."""
    hidden = os.path.join(base, f"{REMOVED}{uuid.uuid4().hex}")
    try:
        fileio.rename(path, hidden)
    except Exception:  # OSError, or TensorFlow's OpError
        if fileio.exists(path):
            raise
        return False
    fileio.rmtree(hidden)
    return True


def leftovers(base: str, exclusive: bool) -> list[str]:
    """Returns the paths of what killed pushes and removals left under `base`.

    Args:
        base: The folder that TensorFlow Serving watches.
        exclusive: Whether nobody else can be changing it now. Else age alone tells, as it does of
            the folders of earlier releases, which have no lock inside.
    """
    paths = [os.path.join(base, name) for name in versions.children(base)]
    return [path for path in paths if _is_left(path, exclusive)]


def _is_left(path: str, exclusive: bool) -> bool:
    name = os.path.basename(path)
    if exclusive and name.startswith(REMOVED):
        return True
    if not name.startswith((INCOMING, REMOVED)):
        return False
    own = os.path.join(path, LOCK)
    if exclusive and os.path.exists(own):
        return lock.is_free(own)
    return (exclusive and not versions.children(path)) or _age_seconds(path) > ABANDONED_SECONDS


def _remove_leftovers(base: str, exclusive: bool) -> None:
    for path in leftovers(base, exclusive):
        if remove(base, path):
            logging.info("Removed %s, which a killed process left.", path)


def _age_seconds(path: str) -> float:
    """Returns how long ago a folder last got or lost a file; 0 if it is gone, or in a bucket."""
    try:
        return time.time() - os.stat(path).st_mtime
    except FileNotFoundError:
        return 0.0
