"""Version folders of a model, under the names that TensorFlow Serving accepts."""

import os

LARGEST_VERSION = 2**63 - 1


def find(base_path: str) -> dict[int, str] | None:
    """Returns the path of every version, by number.

    A version is a child whose name is a number: `00000123` is 123, `1.tmp` is none.

    Args:
        base_path: Folder of the versions.

    Returns:
        None where there is no folder, which says nothing about the versions: what is loaded stays.
        An empty dictionary where the folder is empty, which says that nothing should be served.
    """
    try:
        names = sorted(os.listdir(base_path))
    except OSError:
        return None
    return {
        int(name): os.path.join(base_path, name)
        for name in names
        if name.isascii() and name.isdecimal() and int(name) <= LARGEST_VERSION
    }
