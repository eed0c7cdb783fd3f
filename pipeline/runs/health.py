"""Health of the machine and of what runs left on it: what `movielens doctor` looks at."""

import dataclasses
import os
import pathlib
import platform
import shutil
import socket
import sys
from collections.abc import Iterator, Sequence

from pipeline.config import output_paths
from pipeline.runs import metadata_store
from pipeline.runs.records import RunRecord

PYTHONS = ((3, 10), (3, 11), (3, 12), (3, 13))
FREE_DISK, MEMORY = 5e9, 4e9
"""Bytes that a run of MovieLens 100K needs, with room to spare."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    """What it is."""

    sound: bool
    """Whether it is as it should be."""

    told: str
    """What was seen and, where something is wrong, what to do."""


def machine(folder: pathlib.Path, ports: Sequence[int]) -> Iterator[Finding]:
    """Yields what is found of Python, disk, memory and ports.

    Args:
        folder: Where runs are written; it need not exist.
        ports: Those that `movielens serve` listens to by default.
    """
    version = sys.version_info[:2]
    supported = version in PYTHONS and sys.platform == "linux"
    system = f"Python {platform.python_version()}, {platform.platform()}"
    remedy = "; TFX has packages for Linux and Python 3.10 to 3.13 only"
    yield Finding("system", supported, system + ("" if supported else remedy))
    place = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    free = shutil.disk_usage(place).free
    remedy = "" if free >= FREE_DISK else "; free some: `movielens clean --keep 1`"
    yield Finding("disk", free >= FREE_DISK, f"{free / 1e9:.1f} GB free at {place}{remedy}")
    writable = os.access(place, os.W_OK)
    remedy = "writable" if writable else "not writable; choose another with --output or --runs"
    yield Finding("folder", writable, f"{place} is {remedy}")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    remedy = "" if memory >= MEMORY else "; training may be killed for lack of it"
    yield Finding("memory", memory >= MEMORY, f"{memory / 1e9:.1f} GB{remedy}")
    for port in ports:
        taken = _is_taken(port)
        told = "in use; is it `movielens serve`? Else give it another with --…-port"
        yield Finding(f"port {port}", not taken, told if taken else "free")


def metadata(record: RunRecord) -> Finding:
    """Returns what is found of the metadata store of a run's output folder."""
    path = output_paths(pathlib.Path(record.output), record.model)["metadata"]
    name = f"metadata of {record.output}"
    if not path.exists():
        told = f"{path} is missing: nothing will be reused; the next run makes a new one"
        return Finding(name, False, told)
    wrong = metadata_store.problem(path)
    return Finding(name, not wrong, wrong or str(path))


def data(record: RunRecord) -> Finding:
    """Returns whether the data of a run is still there."""
    folder = pathlib.Path(record.data.partition("{")[0])
    there = folder.is_dir() if "{" not in record.data else folder.parent.is_dir()
    told = record.data if there else f"{record.data} is gone; name another with --data"
    return Finding(f"data of {record.run_id}", there, told)


def _is_taken(port: int) -> bool:
    with socket.socket() as asked:
        asked.settimeout(1)
        return asked.connect_ex(("127.0.0.1", port)) == 0
