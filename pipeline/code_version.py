"""What names code: a fingerprint, so that caching notices an edit or an upgrade, and a commit."""

import hashlib
import importlib.metadata
import pathlib
import subprocess

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


def git_revision(root: pathlib.Path | None = None) -> str:
    """Returns the commit of the checkout, "-dirty" after it if files differ; "" outside of git.

    Args:
        root: Folder of the checkout; by default this one's.
    """
    root = root or pathlib.Path(__file__).resolve().parent.parent
    command = ["git", "-C", str(root), "describe", "--always", "--exclude=*"]
    command += ["--abbrev=40", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:  # git is not installed
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
