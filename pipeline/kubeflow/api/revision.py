"""The name of a version: the git revision of what is deployed."""

import pathlib
import subprocess


def revision(checkout: pathlib.Path) -> str:
    """Returns the first 12 digits of the commit that is checked out.

    Args:
        checkout: A folder in the checkout.

    Raises:
        ValueError: There is no commit, or files differ from it: it would not say what is deployed.
    """
    commit = _git(checkout, "rev-parse", "--short=12", "HEAD")
    changed = _git(checkout, "status", "--porcelain")
    if changed:
        first = changed.splitlines()[0].split(maxsplit=1)[-1]
        raise ValueError(
            f"{first} differs from the commit {commit}, which would not say what is deployed. "
            "Commit first, or name the version with --version."
        )
    return commit


def _git(checkout: pathlib.Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(checkout), *arguments], capture_output=True, text=True, check=True
        )
    except FileNotFoundError:
        raise ValueError("git is not installed: name the version with --version.") from None
    except subprocess.CalledProcessError as error:
        raise ValueError(
            f"git knows no commit here ({error.stderr.strip()}): name the version with --version."
        ) from None
    return done.stdout.strip()
