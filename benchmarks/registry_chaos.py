"""Chaos for the registry of served versions: races, kill -9, a full disk, a clock that goes back.

After each case every visible version must be whole, `models.config` must parse and name only what
is there, the stable version must exist, and the next operation must leave no temporary file.
`make chaos` runs it for some minutes; the exit status is 1 if anything failed. The seed decides
what is done, not how processes interleave.
"""

import argparse
import contextlib
import logging
import multiprocessing
import os
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

import absl.logging

from components.bundle import manifest
from components.registry import models_config, placing, pusher, versions
from components.registry.models_config import CANARY, STABLE
from pipeline.cli import pushed
from pipeline.rollout import damage, promotion

KEEP = 3
WORKERS, OPERATIONS = 3, 12
KILL_SECONDS = 0.12
CASES = {"race": 60, "kill": 400, "full disk": 150, "clock": 100}
DISK = "size=192k"
EXPECTED = (LookupError,)  # there may be nothing to go back to, or a push removed the version
fork = multiprocessing.get_context("fork")


def push(base: str, rng: random.Random, number: int | None = None) -> int:
    """Pushes a bundle of some kilobytes, as the Pusher does, and returns its version."""
    with placing.incoming(base) as folder:
        staged = pathlib.Path(folder, str(number if number is not None else int(time.time())))
        (staged / "variables").mkdir(parents=True)
        for name in ("variables/variables.data", "variables/variables.index", "saved_model.pb"):
            (staged / name).write_bytes(rng.randbytes(rng.randrange(1, 8_000)))
        files = manifest.checksums(str(staged))
        manifest.write(str(staged), manifest.Manifest({}, {}, {}, {}, {}, files))
        return pusher.publish(base, str(staged), {"at": "now"}, KEEP)


def promote(base: str, rng: random.Random) -> None:
    """Promotes any version to stable or canary."""
    version = rng.choice(versions.versions(base))
    promotion.promote(base, version, rng.choice((STABLE, STABLE, CANARY)), None, _quiet)


def roll_back(base: str, rng: random.Random) -> None:
    """Rolls back, if there is something to go back to."""
    promotion.rollback(base, None, _quiet)


def refresh(base: str, rng: random.Random) -> None:
    """Reads what is served, as a refresh does, and pushes another bundle."""
    served = versions.served(base)
    assert served is not None
    problems = versions.if_there(versions.folder(base, served), manifest.problems)
    assert not problems, f"what is served is not whole: {problems}"
    push(base, rng)


def look(base: str, rng: random.Random) -> None:
    """Lists what is there, every file of every visible version included."""
    pushed._rows(base)
    problems = _broken(base)
    assert not problems, f"not whole: {problems}"


def repair(base: str, rng: random.Random) -> None:
    """Repairs; nothing may be damaged."""
    said: list[str] = []
    damage.repair(base, said.append)
    assert not said, f"a repair found damage: {said}"


OPERATION = (push, promote, roll_back, refresh, look, repair)


def faults(base: str) -> list[str]:
    """Returns which of the invariants do not hold."""
    there = set(versions.versions(base))
    labels = models_config.labels(base)
    found = _broken(base)
    gone = {*labels.values(), *models_config.loaded(base)} - there
    if gone:
        found.append(f"models.config names {sorted(gone)}, there are {sorted(there)}")
    return found


def left(base: str) -> list[str]:
    """Returns the temporary files and folders that are there."""
    hidden = (placing.INCOMING, placing.REMOVED)
    found = [name for name in os.listdir(base) if name.startswith(hidden)]
    return found + [name for name in os.listdir(os.path.dirname(base)) if name.endswith(".tmp")]


def race(base: str, rng: random.Random) -> list[str]:
    """Lets processes do anything at once."""
    seeds = [rng.random() for _ in range(WORKERS)]
    return _in_processes([lambda seed=seed: _do_many(base, seed) for seed in seeds])


def kill(base: str, rng: random.Random) -> list[str]:
    """Kills a process in the middle of a push, a promotion or a repair."""
    operation, seed = rng.choice((push, promote, roll_back, refresh, repair)), rng.random()
    process = fork.Process(target=_for_ever, args=(operation, base, seed))
    process.start()
    time.sleep(rng.uniform(0, KILL_SECONDS))
    process.kill()
    process.join()
    if process.exitcode != -signal.SIGKILL:
        return [f"{operation.__name__} failed before it was killed"]
    return []


def full_disk(base: str, rng: random.Random) -> list[str]:
    """Does anything while no file may grow beyond some bytes, or while the disk is full."""
    seed, limit = rng.random(), rng.randrange(0, 9_000)
    return _in_processes([lambda: _while_full(base, seed, limit)])


def clock(base: str, rng: random.Random) -> list[str]:
    """Pushes while the clock goes back and forth."""
    before = versions.versions(base)[-1]
    found = []
    for _ in range(4):
        version = push(base, rng, rng.randrange(0, 2 * before))
        if version <= before:
            found.append(f"version {version} came after {before}")
        before = version
    return found


CASE: dict[str, Callable[[str, random.Random], list[str]]] = {
    "race": race,
    "kill": kill,
    "full disk": full_disk,
    "clock": clock,
}


def run(kind: str, cases: int, seed: int, folder: pathlib.Path) -> list[str]:
    """Runs cases of one kind on one folder of versions, and returns what failed.

    Args:
        kind: Key of `CASE`.
        cases: Number of cases.
        seed: Seed.
        folder: Empty folder.
    """
    base = str(folder / "serving" / "shop")
    failures = []
    for case in range(cases):
        rng = random.Random(f"{seed}/{kind}/{case}")
        if case % 20 == 0:
            shutil.rmtree(folder / "serving", ignore_errors=True)
            for number in (1, 2):
                push(base, rng, number)
            if rng.random() < 0.7:
                promote(base, rng)
        found = CASE[kind](base, rng)
        found += faults(base)
        promotion.promote(base, versions.versions(base)[-1], CANARY, None, _quiet)  # the next one
        found += [f"{name} is left" for name in left(base)] + faults(base)
        failures += [f"{kind}, case {case}: {fault}" for fault in found]
    return failures


def main(arguments: list[str] | None = None) -> int:
    """Runs all kinds of cases, prints numbers, and returns 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of cases (1)")
    options = parser.parse_args(arguments)
    failures = []
    for kind, usual in CASES.items():
        cases, began = max(1, round(usual * options.scale)), time.monotonic()
        with contextlib.ExitStack() as stack:
            stack.enter_context(_silence())
            folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
            where = ""
            if kind == "full disk":
                where = stack.enter_context(_small_disk(folder))
            found = run(kind, cases, options.seed, folder)
        seconds = time.monotonic() - began
        print(f"{kind}{where}: {cases} cases, {len(found)} failures, {seconds:.0f} s", flush=True)
        failures += found
    for failure in failures:
        print(f"  {failure}")
    return int(bool(failures))


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Logs errors only, meanwhile."""
    verbosity = absl.logging.get_verbosity()
    absl.logging.set_verbosity(absl.logging.ERROR)
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        absl.logging.set_verbosity(verbosity)


@contextlib.contextmanager
def _small_disk(folder: pathlib.Path) -> Iterator[str]:
    """Mounts a small file system if this user may; the size of files is limited anyway."""
    mount = ["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        yield " (limit on files)"
        return
    try:
        yield " (tmpfs, and limit on files)"
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _broken(base: str) -> list[str]:
    """Returns what is wrong with the files of the versions that are visible."""
    folders = [os.path.join(base, name) for name in versions.folders(base).values()]
    return [
        f"{folder}: {problem}"
        for folder in folders
        for problem in versions.if_there(folder, manifest.problems) or []
    ]


def _do_many(base: str, seed: float) -> None:
    rng = random.Random(seed)
    for _ in range(OPERATIONS):
        with contextlib.suppress(*EXPECTED):
            rng.choice(OPERATION)(base, rng)


def _for_ever(operation: Callable[[str, random.Random], object], base: str, seed: float) -> None:
    rng = random.Random(seed)
    while True:
        with contextlib.suppress(*EXPECTED):
            operation(base, rng)


def _while_full(base: str, seed: float, limit: int) -> None:
    rng = random.Random(seed)
    filler = os.path.join(os.path.dirname(base), "filler")
    if os.path.ismount(os.path.dirname(os.path.dirname(base))):
        with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
            while file.write(bytes(1 << rng.randrange(10, 15))):
                pass
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    for _ in range(3):
        try:
            rng.choice(OPERATION[:4])(base, rng)
        except EXPECTED:
            pass
        except Exception as error:  # the disk is full: an OSError, or TensorFlow's OpError
            if not any(word in str(error) for word in ("space", "too large", "exhausted")):
                raise
    with contextlib.suppress(FileNotFoundError):
        os.remove(filler)


def _in_processes(actions: list[Callable[[], None]]) -> list[str]:
    """Runs actions at once, each in a process, and returns why they failed."""
    told = fork.SimpleQueue()
    processes = [fork.Process(target=_tell, args=(action, told)) for action in actions]
    for process in processes:
        process.start()
    found = [told.get() for _ in processes]
    for process in processes:
        process.join()
    return [text for text in found if text]


def _tell(action: Callable[[], None], told: "multiprocessing.SimpleQueue[str]") -> None:
    try:
        action()
    except BaseException as error:  # told, and raised again
        told.put(f"{type(error).__name__}: {error}")
        raise
    told.put("")


def _quiet(line: str) -> None:
    """Says nothing."""


if __name__ == "__main__":
    sys.exit(main())
