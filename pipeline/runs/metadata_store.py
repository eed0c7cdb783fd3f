"""The metadata store, ML Metadata in a SQLite file: looked at before it is opened."""

import contextlib
import os
import pathlib
import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ml_metadata.proto import metadata_store_pb2

SECONDS_TO_WAIT = 5.0  # for another process to end what it writes
LOCKED = "database is locked"
DAMAGED = (
    "move it away: the next run makes every result again, and nothing that is served depends on it"
)


def connection(path: pathlib.Path) -> "metadata_store_pb2.ConnectionConfig":
    """Returns the connection to the store in a file, which is made if it is missing.

    Raises:
        ValueError: It can't be opened; the message names the file and what to do.
    """
    import ml_metadata
    from ml_metadata import errors
    from tfx.orchestration import metadata

    check(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    config = metadata.sqlite_metadata_connection_config(str(path))
    try:
        ml_metadata.MetadataStore(config)
    except (RuntimeError, errors.StatusError) as error:  # such as a schema of later code
        why = str(error).splitlines()[0]
        raise ValueError(f"The metadata store can't be used: {path}: {why}; {DAMAGED}.") from error
    return config


def check(path: pathlib.Path) -> None:
    """Checks that a store can be opened; one that is not there yet can.

    Raises:
        ValueError: It can't; the message names the file and what to do.
    """
    wrong = problem(path) if path.exists() else ""
    if wrong:
        raise ValueError(f"The metadata store can't be used: {wrong}.")


def problem(path: pathlib.Path) -> str:
    """Returns what is wrong with a store, with its file and what to do; empty if nothing is.

    Args:
        path: The file.
    """
    if not path.is_file():
        return f"{path} is no file; {DAMAGED}"
    if not os.access(path, os.R_OK | os.W_OK):
        return f"{path} may not be read and written by you; whoever runs this needs both rights"
    try:
        with contextlib.closing(
            sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=SECONDS_TO_WAIT
            )
        ) as store:
            (answer,) = store.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        answer = str(error)
    if answer == LOCKED:
        return (
            f"{path} is locked by another process for more than {SECONDS_TO_WAIT:.0f} s; wait "
            f"until it has ended (`fuser {path}` tells which it is), then start again"
        )
    return "" if answer == "ok" else f"{path} is damaged ({answer}); {DAMAGED}"


@contextlib.contextmanager
def told_of(path: pathlib.Path) -> Iterator[None]:
    """Names the file in what ML Metadata raises while it is used.

    Raises:
        ValueError: It could not be read or written.
    """
    from ml_metadata import errors

    try:
        yield
    except errors.StatusError as error:
        wrong = problem(path) if path.exists() else f"{path} is gone; start again"
        raise ValueError(
            f"The metadata store failed: {wrong or f'{path}: {error}; start again'}."
        ) from error
