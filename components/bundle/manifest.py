"""The manifest of a bundle: what it was made of, and a checksum for every file.

It lies inside the version's folder, so that whoever holds the folder can tell where it came from
and whether it is whole.
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator
from typing import Any

from tfx.dsl.io import fileio

PATH = os.path.join("assets.extra", "manifest.json")
FORMAT = 2
CHUNK = 1 << 20
EXACT, INVERTED_FILE = "exact", "inverted file"


@dataclasses.dataclass(frozen=True)
class Manifest:
    """Where a bundle came from. All values are plain, so that it is read without this code."""

    towers: dict[str, str]
    """The trained towers: `sha256` over their files, and the `run` that trained them."""

    data: dict[str, Any]
    """Fingerprints of `timelines` and `items`; times of `first_event` and `last_event`, UTC;
    their `span`, 0 where the data is one plain folder."""

    counts: dict[str, int]
    """`users`, `items` and `events` that the bundle knows."""

    evaluation: dict[str, Any]
    """How it is measured: the `split` and `exclude_seen`."""

    settings: dict[str, Any]
    """`k`, the `trend` that counts beside scores, `withdrawn` items, the kind of `index` (`EXACT`
    or `INVERTED_FILE`), `code_version`."""

    definition: dict[str, Any]
    """The definition of the data set, as `Definition.to_json` writes it."""

    files: dict[str, str]
    """SHA-256 of every file but the manifest, by its path inside the bundle."""

    push: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Added at push: `at` (UTC), `run`, `git_revision`, `metrics` on test. The version is the
    folder's name."""

    format: int = FORMAT
    """Of the manifest itself."""

    @property
    def content(self) -> str:
        """A hash that two bundles share if and only if their files are the same."""
        return _digest(json.dumps(self.files, sort_keys=True).encode())


def write(bundle: str, manifest: Manifest) -> None:
    """Writes the manifest of a bundle into its folder."""
    path = os.path.join(bundle, PATH)
    fileio.makedirs(os.path.dirname(path))
    with fileio.open(path, "w") as file:
        file.write(json.dumps(dataclasses.asdict(manifest), indent=1, sort_keys=True) + "\n")


def read(bundle: str) -> Manifest | None:
    """Returns the manifest of a bundle; None if it has none, as before there were any.

    Raises:
        ValueError: It can't be read; the message names the file.
    """
    path = os.path.join(bundle, PATH)
    if not fileio.exists(path):
        return None
    with fileio.open(path, "r") as file:
        text = file.read()
    try:
        return Manifest(**json.loads(text))
    except (json.JSONDecodeError, TypeError) as error:
        raise ValueError(
            f"{path} is not a manifest of format {FORMAT} ({error}): the bundle is damaged; "
            "remove its folder and run again."
        ) from error


def checksums(folder: str) -> dict[str, str]:
    """Returns the SHA-256 of every file under a folder but the manifest, by relative path."""
    return {path: _checksum(os.path.join(folder, path)) for path in sorted(_files(folder))}


def problems(bundle: str) -> list[str]:
    """Returns how a bundle's files differ from its manifest; nothing if it is whole.

    Raises:
        ValueError: The manifest can't be read.
    """
    manifest = read(bundle)
    if manifest is None:
        return [f"{PATH} is missing"]
    found = checksums(bundle)
    told = manifest.files
    return [
        *(f"{path} is missing" for path in sorted(told.keys() - found.keys())),
        *(f"{path} is not in the manifest" for path in sorted(found.keys() - told.keys())),
        *(
            f"{path} was changed: its SHA-256 is {found[path][:12]}…, not {told[path][:12]}…"
            for path in sorted(told.keys() & found.keys())
            if found[path] != told[path]
        ),
    ]


def fingerprint(parts: dict[str, str]) -> str:
    """Returns one hash over named ones."""
    return _digest(json.dumps(parts, sort_keys=True).encode())


def _files(folder: str) -> Iterator[str]:
    for parent, _, names in fileio.walk(folder):
        for name in names:
            path = os.path.relpath(os.path.join(parent, name), folder)
            if path != PATH:
                yield path


def _checksum(path: str) -> str:
    digest = hashlib.sha256()
    with fileio.open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
