"""Names of runs: UTC, sortable, each given once; and whether the process of one still lives."""

import contextlib
import datetime
import fcntl
import itertools
import pathlib
from collections.abc import Iterator

from components.registry import lock


@contextlib.contextmanager
def reserve(logs: pathlib.Path) -> Iterator[tuple[str, pathlib.Path]]:
    """Reserves a name by making the run's log file, and locks that file for as long as it runs.

    The kernel drops the lock when the process ends, however that happens. Where the file system has
    no locks (see `components.registry.lock`) nobody can tell that a run was killed.

    Args:
        logs: Folder of the log files.

    Yields:
        The name, such as "2026-01-31T03-00-00Z", and the path of its log file.
    """
    logs.mkdir(parents=True, exist_ok=True)
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H-%M-%SZ")
    for number in itertools.count(1):
        run_id = now if number == 1 else f"{now}-{number:02}"
        path = logs / f"{run_id}.log"
        try:
            file = path.open("xb")
        except FileExistsError:  # another run began in this second
            continue
        with file:
            with contextlib.suppress(OSError):  # no locks here: the file is new, nobody holds it
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield run_id, path
        return


def is_dead(log: str) -> bool:
    """Returns whether the process that wrote a log file has ended; False where nobody can tell."""
    return lock.is_free(log)
