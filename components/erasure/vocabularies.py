"""Vocabularies of a SavedModel: an entry a line, whose number is the row of its embedding."""

import os
from collections.abc import Collection

import tensorflow as tf

ASSETS = "assets"
NOBODY = b"\xff erased %d"
"""What stands in the row of an erased entry: no UTF-8, so that nobody can ask for it."""


def path_of(model: str, name: str) -> str:
    """Returns the path of a vocabulary."""
    return os.path.join(model, ASSETS, name)


def read(model: str, name: str) -> list[bytes]:
    """Returns the entries of a vocabulary by row; none where the model has no such vocabulary."""
    path = path_of(model, name)
    if not tf.io.gfile.exists(path):
        return []
    with tf.io.gfile.GFile(path, "rb") as file:
        return file.read().split(b"\n")[:-1]


def erase(entries: list[bytes], erased: Collection[bytes]) -> list[bytes]:
    r"""Returns entries, in place of some of them such as nothing is ever called.

    >>> erase([b"ann", b"bob"], {b"ann"})
    [b'\\xff erased 0', b'bob']
    """
    return [NOBODY % row if entry in erased else entry for row, entry in enumerate(entries)]


def write(model: str, name: str, entries: list[bytes]) -> None:
    """Writes a vocabulary."""
    path = path_of(model, name)
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(b"".join(entry + b"\n" for entry in entries))
