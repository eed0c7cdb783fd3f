"""Manifest of a bundle: its origin, and a checksum for every file.

It lies inside the version's folder, so that whoever holds the folder can tell where the bundle came
from and whether it is whole.
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator
from typing import Any

from tfx.dsl.io import fileio

PATH = os.path.join("assets.extra", "manifest.json")
SIGNATURE = f"{PATH}.sig"
"""Signature of the manifest, where the version is signed; see `components.registry.signature`."""

FORMAT = 2
CHUNK = 1 << 20
EXACT, IVF = "exact", "IVF"


class Newer(ValueError):  # noqa: N818
    """A manifest that only later code can read."""


@dataclasses.dataclass(frozen=True)
class Manifest:
    """Where a bundle came from. All values are plain JSON, readable without this code."""

    towers: dict[str, str]
    """The trained towers: `sha256` over their files, and the `run` that trained them."""

    data: dict[str, Any]
    """Fingerprints of `timelines` and `items`; times of `first_event` and `last_event`, UTC;
    their `span`, 0 where the data is one plain folder."""

    counts: dict[str, int]
    """`users`, `items` and `events` that the bundle knows."""

    evaluation: dict[str, Any]
    """How the bundle is measured: `split` and `exclude_seen`."""

    settings: dict[str, Any]
    """`k`, `max_batch` (rows of a request), the `trend` added to scores, `withdrawn` items, the
    kind of `index` (`EXACT` or `IVF`), `code_version`; how many items a table of availability
    leaves out, `unavailable`, where there was one."""

    files: dict[str, str]
    """SHA-256 of every file but the manifest and its signature, by its path inside the bundle."""

    definition: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Definition of the data set, as `Definition.to_json` writes it; empty in format 1, whose
    bundles all knew MovieLens."""

    push: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Facts of the push: `at` (UTC), `run`, `git_revision`, `metrics` on test; where users were
    forgotten since, `rewritten`: when, and the version it `replaces`; `availability_of`: the
    version that a table of availability changed. The version is the folder's name."""

    configuration: dict[str, Any] = dataclasses.field(default_factory=dict)
    """What the run was set to that pushed it: `split`, `model`, `gates` and `serving` with all
    their settings, and `as_of`; empty if it was not pushed, or by code that is older than this."""

    format: int = FORMAT
    """Schema of the manifest: 1 before there were definitions, 2 since. It grows when a bundle can
    no longer be compared with older ones; fields may be added without."""

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

    Manifests of earlier formats are read too, `format` says which it is; fields that a later
    revision added are left out.

    Args:
        bundle: Path of the bundle's SavedModel.

    Raises:
        Newer: The manifest has a later format; the message names the file.
        ValueError: The manifest can't be read; the message names the file.
    """
    path = os.path.join(bundle, PATH)
    if not fileio.exists(path):
        return None
    with fileio.open(path, "r") as file:
        text = file.read()
    try:
        return _parse(text)
    except Newer as error:
        raise Newer(f"{path} {error}") from None
    except ValueError as error:
        raise ValueError(
            f"{path} is not a manifest ({error}): the bundle is damaged; remove its folder and run "
            "again."
        ) from error


def _parse(text: str) -> Manifest:
    """Returns the manifest in a text.

    Raises:
        Newer: It has a later format.
        ValueError: The text is not JSON, or lacks a field, or holds one of another type.
    """
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError(f"expected an object, got {text[:50]!r}")
    stated = document.get("format", FORMAT)
    if isinstance(stated, int) and stated > FORMAT:
        raise Newer(
            f"has format {stated}, this code reads up to {FORMAT}: a later revision made the "
            "bundle. Upgrade to that, or promote a version that this one made."
        )
    values = {}
    for field in dataclasses.fields(Manifest):
        required = field.default_factory is dataclasses.MISSING and field.name != "format"
        if required and field.name not in document:
            raise ValueError(f"{field.name!r} is missing")
        if field.name in document:
            values[field.name] = document[field.name]
            expected = int if field.name == "format" else dict
            if not isinstance(values[field.name], expected):
                raise ValueError(f"{field.name!r} is {values[field.name]!r}")
    return Manifest(**values)


def checksums(folder: str) -> dict[str, str]:
    """Returns the SHA-256 of every file that a manifest of the folder lists, by relative path."""
    return {path: _checksum(os.path.join(folder, path)) for path in sorted(_files(folder))}


def problems(bundle: str) -> list[str]:
    """Returns how a bundle's files differ from its manifest; nothing if it is whole.

    Raises:
        ValueError: The manifest can't be read.
    """
    manifest = read(bundle)
    if manifest is None:
        return [f"{PATH} is missing"]
    expected, actual = manifest.files, checksums(bundle)
    return [
        *(f"{path} is missing" for path in sorted(expected.keys() - actual.keys())),
        *(f"{path} is not in the manifest" for path in sorted(actual.keys() - expected.keys())),
        *(
            f"{path} was changed: its SHA-256 is {actual[path][:12]}…, not {expected[path][:12]}…"
            for path in sorted(expected.keys() & actual.keys())
            if actual[path] != expected[path]
        ),
    ]


def fingerprint(parts: dict[str, str]) -> str:
    """Returns one hash over named ones."""
    return _digest(json.dumps(parts, sort_keys=True).encode())


def _files(folder: str) -> Iterator[str]:
    for parent, _, names in fileio.walk(folder):
        for name in names:
            path = os.path.relpath(os.path.join(parent, name), folder)
            if path not in (PATH, SIGNATURE):
                yield path


def _checksum(path: str) -> str:
    digest = hashlib.sha256()
    with fileio.open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
