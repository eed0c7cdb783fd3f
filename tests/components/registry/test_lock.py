import errno
import multiprocessing
import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from components.registry import lock

HOLD = """
import sys, time
from components.registry import lock
with lock.hold(sys.argv[1], "promotion of version 3"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of a file."""
    path = tmp_path / "lock"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process, str(path)
    process.kill()
    process.wait()
    process.stdout.close()


def test_waiting_ends_and_says_who_holds_it(holder):
    process, path = holder
    told = rf"Waited 0\.1 s for {re.escape(path)}: process {process.pid} on {socket.gethostname()} "
    with (
        pytest.raises(TimeoutError, match=told + r"\(promotion of version 3, since 20"),
        lock.hold(path, "push", patience=0.1),
    ):
        pass
    assert not lock.is_free(path)


def test_lock_ends_with_its_process(holder):
    process, path = holder
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert lock.is_free(path)
    with lock.hold(path, "push", patience=5) as exclusive:
        assert exclusive


def count(path, times):
    for _ in range(times):
        with lock.hold(f"{path}.lock", "count"):
            with open(path) as file:
                number = int(file.read())
            with open(path, "w") as file:
                file.write(str(number + 1))


def test_no_process_loses_what_another_wrote(tmp_path):
    path = tmp_path / "number"
    path.write_text("0")
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=count, args=(str(path), 25)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert path.read_text() == "100"


def test_exception_ends_it(tmp_path):
    path = str(tmp_path / "lock")
    with pytest.raises(KeyError), lock.hold(path, "push"):
        raise KeyError
    assert lock.is_free(path)


def test_file_system_without_locks(tmp_path, monkeypatch):
    def flock(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    path = str(tmp_path / "lock")
    monkeypatch.setattr(lock.fcntl, "flock", flock)
    with lock.hold(path, "push") as exclusive:
        assert not exclusive
    assert not lock.is_free(path)


def test_bucket_has_no_locks():
    with lock.hold("gs://bucket/serving/.lock", "push") as exclusive:
        assert not exclusive


def test_full_disk_leaves_the_holder_without_a_name(tmp_path, monkeypatch):
    def pwrite(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    path = str(tmp_path / "lock")
    monkeypatch.setattr(lock.os, "pwrite", pwrite)
    with lock.hold(path, "push") as exclusive:
        assert exclusive
        with (
            pytest.raises(TimeoutError, match="another process holds it"),
            lock.hold(path, "push", patience=0.1),
        ):
            pass
