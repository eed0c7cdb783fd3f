"""A fingerprint of code, so that caching notices an edit and an upgrade."""

import hashlib
import importlib.metadata
import pathlib

SUFFIXES = (".py", ".pbtxt")
LIBRARIES = (
    "tfx",
    "tensorflow",
    "tensorflow-transform",
    "tensorflow-recommenders",
    "apache-beam",
    "numpy",
    "pyarrow",
)


def code_version(*packages: str, root: pathlib.Path | None = None) -> str:
    """Returns a hash over the sources of packages of ours and the versions of what they run on.

    TFX's cache key holds a component's parameters, and of a function only its dotted path. A
    component that runs our code takes this as a parameter, over the packages that it imports and
    no others: an edit of the model must not ingest the ratings again.

    Args:
        packages: Names of folders, such as "transform".
        root: Folder of the packages; by default where this one lies.

    Raises:
        ValueError: There is no source in a package.
    """
    root = root or pathlib.Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for library in LIBRARIES:
        digest.update(f"{library}=={importlib.metadata.version(library)}\0".encode())
    for package in packages:
        sources = [path for path in (root / package).rglob("*") if path.suffix in SUFFIXES]
        if not sources:
            raise ValueError(f"There is no source under {root / package}.")
        for path in sorted(sources):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
