"""Locks between processes that change served versions, and between hosts that share a disk.

A lock is `flock` on a file, which the kernel drops when its process ends, however that happens: no
lock is ever stale. It holds between threads, processes and containers of a machine, and between
hosts on file systems that pass `flock` on: NFS since Linux 2.6.12, CephFS, Lustre with `-o flock`.
It does not on NFS mounted with `nolock` or `local_lock`, nor in buckets, also where one is mounted
as a folder (gcsfuse, s3fs): there only one process at a time may change versions.
"""

import contextlib
import datetime
import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from typing import TextIO

import tenacity
from absl import logging

PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.05
NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)


def in_bucket(path: str) -> bool:
    """Returns whether a path is that of an object store, which has no locks."""
    return "://" in path


@contextlib.contextmanager
def hold(path: str, purpose: str, patience: float = PATIENCE_SECONDS) -> Iterator[bool]:
    """Holds the lock of a file, which is made if it is missing and stays.

    A process must not take a lock that it holds already: it would wait for itself.

    Args:
        path: Path of the file, in a folder that exists.
        purpose: What it is held for, as others are told, such as "promotion of version 3".
        patience: Seconds to wait for another holder.

    Yields:
        Whether others are really locked out; False where the file system has no locks.

    Raises:
        TimeoutError: Another process holds it for longer; the message says which.
    """
    if in_bucket(path):
        yield False
        return
    with open(path, "r+", opener=_open_or_make) as file:
        exclusive = _acquire(file, patience)
        with contextlib.suppress(OSError):  # a full disk: the lock holds, its holder has no name
            os.ftruncate(file.fileno(), 0)
            os.pwrite(file.fileno(), _holder(purpose).encode(), 0)
        yield exclusive


def is_free(path: str) -> bool:
    """Returns whether nobody holds the lock of a file; False where that can't be known."""
    try:
        with open(path, "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except OSError:  # held, gone, or a file system without locks
        return False


def _acquire(file: TextIO, patience: float) -> bool:
    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_delay(patience),
        wait=tenacity.wait_fixed(POLL_SECONDS),
        retry=tenacity.retry_if_exception_type(BlockingIOError),
    )
    try:
        retrying(fcntl.flock, file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except tenacity.RetryError:
        holder = file.read().strip() or "another process"
        raise TimeoutError(
            f"Waited {patience:g} s for {file.name}: {holder} holds it. Try again when that has "
            "ended; the lock ends with its process."
        ) from None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        logging.warning("%s can't be locked (%s): nobody else may change it now.", file.name, error)
        return False
    return True


def _holder(purpose: str) -> str:
    since = datetime.datetime.now(datetime.timezone.utc).isoformat("T", "seconds")
    return f"process {os.getpid()} on {socket.gethostname()} ({purpose}, since {since})"


def _open_or_make(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o666)
