"""The registry of what was blessed and pushed: the folder that TensorFlow Serving watches.

A version is a child whose name is a number and that holds a complete SavedModel; anything else, a
half-copied folder included, is not one.
"""

import os

from tfx.dsl.io import fileio

SAVED_MODEL = "saved_model.pb"


def versions(base: str) -> list[int]:
    """Returns the complete versions under `base`, oldest first; none where there is no folder."""
    if not fileio.isdir(base):
        return []
    names = (name.strip("/") for name in fileio.listdir(base))
    return sorted(
        int(name)
        for name in names
        if name.isdecimal() and fileio.exists(os.path.join(base, name, SAVED_MODEL))
    )


def latest(base: str) -> str | None:
    """Returns the path of the newest complete version, or None where there is none."""
    found = versions(base)
    return os.path.join(base, str(found[-1])) if found else None
