"""The registry of what was blessed and pushed: the folder that TensorFlow Serving watches.

A version is a child whose name is a number and that holds a complete SavedModel; anything else, a
half-copied folder included, is not one.
"""

import os

from tfx.dsl.io import fileio

SAVED_MODEL = "saved_model.pb"


def versions(base: str) -> list[int]:
    """Returns the complete versions under `base`, oldest first; none where there is no folder."""
    return sorted(_folders(base))


def latest(base: str) -> str | None:
    """Returns the path of the newest complete version, or None where there is none."""
    folders = _folders(base)
    return os.path.join(base, folders[max(folders)]) if folders else None


def _folders(base: str) -> dict[int, str]:
    """Returns the folder name of each complete version; TensorFlow Serving reads 0012 as 12."""
    if not fileio.isdir(base):
        return {}
    names = (name.strip("/") for name in fileio.listdir(base))
    return {
        int(name): name
        for name in names
        if name.isdecimal() and fileio.exists(os.path.join(base, name, SAVED_MODEL))
    }
