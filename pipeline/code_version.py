"""What names this project's code: a fingerprint, so that caching notices an edit, and a commit."""

import hashlib
import pathlib
import subprocess

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
