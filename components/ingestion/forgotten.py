"""Users who asked to be forgotten: left out of what is ingested, wherever the data still has them.

To leave somebody out one must recognise the id, so a list is kept. It holds salted hashes: nobody
reads ids in it, but who has the list can tell whether a certain id is there. It lies beside the
folder of the versions, which every run knows, on one machine and on Kubeflow.
"""

import dataclasses
import hashlib
import json
import os
import secrets
from collections.abc import Collection

import numpy as np
import pyarrow as pa
from tfx.dsl.io import fileio

from components.ingestion.tables import Tables
from components.ingestion.values import codes_and_texts
from transform import features

SUFFIX = ".forgotten.json"
EARLIER = "forgotten.json"  # in the output folder, two above the versions: where lists once lay
HEX_DIGITS = 32  # of 64: two of a billion ids share them with a probability of 10^-21


@dataclasses.dataclass(frozen=True)
class Forgotten:
    """A list of users that recognises them."""

    salt: str = ""
    """Put before each id, so that lists of two places differ."""

    users: tuple[str, ...] = ()
    """Hashes, in order."""

    def to_json(self) -> str:
        """Returns the list as a component's parameter; empty if there is nobody on it."""
        return json.dumps(dataclasses.asdict(self)) if self.users else ""

    def add(self, users: Collection[str]) -> "Forgotten":
        """Returns a list with more users."""
        salt = self.salt or secrets.token_hex(16)
        hashes = {_hash(salt, user.encode()) for user in users}
        return Forgotten(salt, tuple(sorted({*self.users, *hashes})))


def from_json(text: str) -> Forgotten:
    """Returns the list that `to_json` wrote.

    Raises:
        ValueError: The text is no such list.
    """
    if not text:
        return Forgotten()
    try:
        document = json.loads(text)
        return Forgotten(str(document["salt"]), tuple(map(str, document["users"])))
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"it is no list of forgotten users ({error!r})") from error


def path_of(base: str) -> str:
    """Returns the path of the list: beside the folder of the versions, named as it.

    Args:
        base: The folder that TensorFlow Serving watches.
    """
    return base.rstrip("/") + SUFFIX


def read(base: str) -> Forgotten:
    """Returns the list of a folder of versions; an empty one if there is none.

    Raises:
        ValueError: The file can't be read, or lies where an earlier revision wrote it; without it
            users would come back.
    """
    path = path_of(base)
    if not fileio.exists(path):
        earlier = os.path.join(os.path.dirname(os.path.dirname(base.rstrip("/"))), EARLIER)
        if fileio.exists(earlier):
            raise ValueError(
                f"{earlier} is a list of forgotten users at its earlier place: move it to {path}, "
                "or they come back."
            )
        return Forgotten()
    with fileio.open(path, "r") as file:
        text = file.read()
    try:
        return from_json(text)
    except ValueError as error:
        raise ValueError(
            f"{path}: {error}. Put it back from a copy: without it forgotten users come back."
        ) from error


def write(base: str, forgotten: Forgotten) -> None:
    """Writes the list of a folder of versions, whole or not at all."""
    path = path_of(base)
    temporary = f"{path}.{secrets.token_hex(8)}.tmp"
    try:
        with fileio.open(temporary, "w") as file:
            file.write(forgotten.to_json() + "\n")
        fileio.rename(temporary, path, overwrite=True)
    finally:
        if fileio.exists(temporary):
            fileio.remove(temporary)


def leave_out(tables: Tables, forgotten: Forgotten) -> Tables:
    """Returns the tables without the events of forgotten users, of whom nothing is made then.

    Raises:
        ValueError: Nobody else is left.
    """
    if not forgotten.users:
        return tables
    code, texts = codes_and_texts(tables.events.column(features.USER_ID))
    hashes = set(forgotten.users)
    ids = texts[:-1]  # without the text of a missing one
    gone = np.array([_hash(forgotten.salt, user) in hashes for user in ids], np.bool_)
    if not gone.any():
        return tables
    if gone.all():
        raise ValueError("All users of the data were forgotten: nothing is left to learn from.")
    events = tables.events.filter(pa.array(~gone[code]))
    column = events.column(features.USER_ID).cast(pa.string()).dictionary_encode()
    place = events.schema.get_field_index(features.USER_ID)
    return dataclasses.replace(tables, events=events.set_column(place, features.USER_ID, column))


def _hash(salt: str, user: bytes) -> str:
    return hashlib.sha256(salt.encode() + user).hexdigest()[:HEX_DIGITS]
