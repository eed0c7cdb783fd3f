"""Whether runs go on in an output folder: each holds a lock that ends with its process."""

import contextlib
import fcntl
import pathlib
from collections.abc import Iterator

from absl import logging

from components.registry.lock import NO_LOCKS

NAME = ".in-use"


@contextlib.contextmanager
def by_a_run(output: pathlib.Path) -> Iterator[None]:
    """Marks a folder as used by a run; waits while it is cleaned. Runs don't wait for each other.

    Args:
        output: The output folder; made if it is missing.
    """
    output.mkdir(parents=True, exist_ok=True)
    with (output / NAME).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH)
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            logging.warning("%s can't be locked (%s): clean nothing there now.", file.name, error)
        yield


@contextlib.contextmanager
def by_nobody(output: pathlib.Path) -> Iterator[None]:
    """Keeps runs out of a folder.

    Args:
        output: The output folder.

    Raises:
        ValueError: A run is in progress there, or nobody can tell whether one is.
    """
    with (output / NAME).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"A run is in progress under {output}, and nothing of it was removed: clean when "
                "it has ended."
            ) from None
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            raise ValueError(
                f"{file.name} can't be locked ({error.strerror}), so that nobody knows whether a "
                f"run is in progress under {output}: nothing was removed."
            ) from error
        yield
