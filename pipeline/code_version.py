"""A fingerprint of this project's code, so that caching notices an edit."""

import hashlib
import pathlib

PACKAGES = ("components", "trainer", "transform")
SUFFIXES = (".py", ".pbtxt")


def code_version(root: pathlib.Path | None = None) -> str:
    """Returns a hash over the sources that run inside components.

    TFX's cache key holds a component's parameters, and of a function only its dotted path; every
    component that runs code of ours takes this as a parameter.

    Args:
        root: Folder of the packages; by default where this one lies.
    """
    root = root or pathlib.Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*")):
            if path.suffix in SUFFIXES:
                digest.update(path.relative_to(root).as_posix().encode() + b"\0")
                digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
