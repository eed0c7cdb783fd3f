"""Errors of file systems, local ones and buckets, told as faults of the data."""

import contextlib
import pathlib
from collections.abc import Iterator

import tensorflow as tf

from components.ingestion.faults import REMEDY_OF_FILES, DataErrors, Example, Fault, reason


@contextlib.contextmanager
def told_of(path: str | pathlib.Path) -> Iterator[None]:
    """Runs what reads a file or folder, and tells of it where the system refuses.

    Raises:
        DataErrors: It is gone, may not be read, or its file system failed.
    """
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        example = Example(str(path), f"can't be read: {reason(error)}")
        raise DataErrors([Fault("unreadable", REMEDY_OF_FILES, 1, (example,))]) from error
