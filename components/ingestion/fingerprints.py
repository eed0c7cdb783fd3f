"""Fingerprints of files by their content, and a memory of them, so that no file is hashed twice.

Sizes and times of modification alone miss a change: of a file that is written anew with as many
bytes, or unpacked with the time of its archive. They are good enough to say that a file that was
hashed before is still the same: together with the inode and the time of the last change of any
kind, which no program can set.
"""

import hashlib
import json
import os
import pathlib
import tempfile
import time
from collections.abc import Iterable
from typing import BinaryIO

from tfx.dsl.io import fileio

from components.ingestion.access import told_of

CHUNK = 1 << 20
SETTLED = 2_000_000_000
"""Nanoseconds after which another change of a file has another time, on any file system."""

REMEMBERED = 10_000
"""Files that the memory holds; those that were hashed first are forgotten."""

Hashes = dict[str, str]


def of_files(files: Iterable[tuple[str, str]]) -> str:
    """Returns the fingerprint of several files: of their names and of what is in them.

    Local files are hashed once while they do not change. Those of another file system, such as a
    bucket, tell no such thing in a way that all file systems share, and are read each time.

    Args:
        files: The name of each within its folder, and where it is.

    Raises:
        DataErrors: One can't be read.
    """
    memory = Memory(memory_path())
    pairs = []
    for name, path in sorted(files):
        with told_of(path):
            pairs.append([name, _sha256(path) if "://" in path else memory.sha256(path)])
    memory.save()
    digest = hashlib.sha256(json.dumps(pairs).encode()).hexdigest()
    return f"sha256:{digest},num_files:{len(pairs)}"


def memory_path() -> pathlib.Path:
    """Returns the file that remembers hashes: among temporary files, one for each person."""
    return pathlib.Path(tempfile.gettempdir()) / f"tfx-fingerprints-{os.getuid()}.json"


class Memory:
    """SHA-256 of local files by what tells that a file is still the same."""

    def __init__(self, path: pathlib.Path) -> None:
        """Reads the memory; one that is damaged or another person's is empty.

        Args:
            path: Its file, which need not exist.
        """
        self._path = path
        self._known = _load(path)
        self._is_new = False

    def sha256(self, path: str) -> str:
        """Returns the SHA-256 of a local file, from the memory if the file has not changed."""
        key = _key(path)
        value = self._known.get(key, "")
        if not value:
            began = time.time_ns()
            value = _sha256(path)
            changed = os.stat(path).st_ctime_ns
            if _key(path) != key or changed > began - SETTLED:
                return value  # it may change again and its times not tell
            self._is_new = True
            self._known[key] = value
        return value

    def save(self) -> None:
        """Writes the memory whole, if there is anything new."""
        if not self._is_new:
            return
        kept = dict(list(self._known.items())[-REMEMBERED:])
        descriptor, temporary = tempfile.mkstemp(dir=self._path.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(kept, file)
        os.replace(temporary, self._path)


def _load(path: pathlib.Path) -> Hashes:
    try:
        with path.open(encoding="utf-8") as file:
            if os.fstat(file.fileno()).st_uid != os.getuid():
                return {}
            known = json.load(file)
    except (FileNotFoundError, PermissionError, ValueError):  # none yet, or damaged: made anew
        return {}
    texts = isinstance(known, dict) and all(isinstance(value, str) for value in known.values())
    return known if texts else {}


def _key(path: str) -> str:
    """Returns a key of a local file that changes whenever its content does."""
    status = os.stat(path)
    numbers = (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )
    return json.dumps([*numbers, os.path.abspath(path)])


def _sha256(path: str) -> str:
    with open(path, "rb", buffering=0) if "://" not in path else fileio.open(path, "rb") as file:
        return _digest(file)


def _digest(file: BinaryIO) -> str:
    """Returns the SHA-256 of an open file."""
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
