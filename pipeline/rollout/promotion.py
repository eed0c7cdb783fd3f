"""Promotion and rollback of versions, in the steps that TensorFlow Serving needs.

A label may only be given to a version that is loaded. So a new version is first loaded beside the
old one, then the label moves, then the old one is dropped: whoever asks without a label gets the
highest version that is loaded, and must not get one that was rolled back.

Only one promotion at a time goes on in a folder. Pushes go on while the server is waited for; they
keep what it is told to load.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from tfx.dsl.io import fileio

from components.bundle import manifest
from components.registry import lock, models_config, placing, signature
from components.registry import versions as registry
from components.registry.models_config import CANARY, STABLE
from pipeline.rollout import stable_history
from pipeline.rollout.model_server import ModelServer

LOCK = ".rollout.lock"


@contextlib.contextmanager
def rollout(base: str, purpose: str) -> Iterator[None]:
    """Holds the lock of `models.config` and of the history beside the folder `base`.

    Who also takes that of the versions takes it second.

    Args:
        base: Folder of the versions.
        purpose: What it is held for, as others are told.

    Raises:
        TimeoutError: Another process holds it; the message says which.
    """
    path = os.path.join(os.path.dirname(models_config.path_of(base)), LOCK)
    with lock.hold(path, purpose) as exclusive:
        if exclusive:
            for path in (models_config.path_of(base), stable_history.path_of(base)):
                models_config.remove_temporaries(path)
        yield


def write_newest(base: str) -> None:
    """Writes a configuration that serves the newest version, unless there is one already."""
    with rollout(base, "start of a server"):
        models_config.write_newest(base)


def promote(
    base: str,
    version: int,
    label: str,
    server: ModelServer | None,
    say: Callable[[str], None],
    seen_as: str | None = None,
    key: Ed25519PublicKey | None = None,
) -> None:
    """Labels a version, and lets the server load the labelled versions only.

    It works because something is broken, too: labels of versions that are gone are dropped, and
    files that can't be read are set aside when a version becomes stable.

    Args:
        base: Folder of the versions, which TensorFlow Serving watches.
        version: Number of the version.
        label: `stable` or `canary`.
        server: Running server, which is waited for after each step; None where the configuration is
            for a server that starts later, which assigns labels after it has loaded.
        say: Called with a line about each step.
        seen_as: Path of `base` as the server sees it; by default `base` itself.
        key: Key that the version must be signed with; by default it need not be signed.

    Raises:
        LookupError: There is no such version.
        ValueError: It is damaged or not signed, or the server did not follow. The labels are
            unchanged.
        TimeoutError: Another promotion goes on.
    """
    with rollout(base, f"promotion of version {version} to {label}"):
        problems = _problems(base, version)
        if problems:
            raise ValueError(
                f"Version {version} is damaged, nothing was changed: {'; '.join(problems)}."
            )
        _check_signature(base, version, key)
        lost = label == STABLE and _set_aside(base, say)
        now = None if lost else _served(base)
        labels = registry.labels(base)
        if STABLE not in labels and now is not None:
            labels[STABLE] = now
        wanted = {**labels, label: version}
        if STABLE not in wanted:
            raise LookupError(
                f"The version labelled {STABLE} is not under {base}: promote another to it first."
            )
        history = None
        if label == STABLE:
            if wanted.get(CANARY) == version:
                del wanted[CANARY]
            earlier = stable_history.read(base, lost or _labelled(base))
            history = [*earlier, *([now] if now is not None else []), version]
        _move(base, labels, wanted, history, server, say, seen_as)
        say(f"{label} is version {version}")


def rollback(
    base: str,
    server: ModelServer | None,
    say: Callable[[str], None],
    seen_as: str | None = None,
    key: Ed25519PublicKey | None = None,
) -> int:
    """Promotes the version that was served before, and ends a canary.

    Args:
        base: Folder of the versions, which TensorFlow Serving watches.
        server: Running server, as for `promote`.
        say: Called with a line about each step.
        seen_as: Path of `base` as the server sees it; by default `base` itself.
        key: Key that the version must be signed with; by default it need not be signed.

    Returns:
        The version that is served now.

    Raises:
        LookupError: There is no earlier version.
        ValueError: That one is damaged or not signed, or the server did not follow. The labels are
            unchanged.
        TimeoutError: Another promotion goes on.
    """
    with rollout(base, "rollback"):
        now = _served(base)
        earlier = stable_history.before(stable_history.read(base, _labelled(base)), now)
        if not earlier:
            raise LookupError(
                f"Nothing to go back to: no version under {base} was served before"
                f"{f' {now}' if now is not None else ''}."
            )
        version = earlier[-1]
        problems = _problems(base, version)
        if problems:
            raise ValueError(
                f"Version {version}, which was served before, is damaged, nothing was changed: "
                f"{'; '.join(problems)}. `movielens serving promote` serves another one."
            )
        _check_signature(base, version, key)
        labels = registry.labels(base)
        if STABLE not in labels and now is not None:
            labels[STABLE] = now
        _move(base, labels, {STABLE: version}, earlier, server, say, seen_as)
        say(f"{STABLE} is version {version}")
        return version


def move_to_successors(
    base: str,
    successors: Mapping[int, int],
    server: ModelServer | None,
    say: Callable[[str], None],
    seen_as: str | None = None,
) -> None:
    """Lets labels, the versions to load and the history mean the successors of versions.

    Where the newest version is served there is nothing to do.

    Args:
        base: Folder of the versions, whose `rollout` lock is held.
        successors: By version, the one that takes its place; both are there.
        server: Running server, as for `promote`.
        say: Called with a line about each step.
        seen_as: Path of `base` as the server sees it; by default `base` itself.

    Raises:
        ValueError: The server did not follow. The labels are unchanged.
    """
    labels = registry.labels(base)
    wanted = {name: successors.get(version, version) for name, version in labels.items()}
    loaded = models_config.loaded(base)
    if wanted != labels:
        history = [successors.get(each, each) for each in stable_history.written(base)]
        _move(base, labels, wanted, history, server, say, seen_as)
    elif successors.keys() & set(loaded):
        with placing.locked(base, "succession of versions"):
            succeeding = {successors.get(version, version) for version in loaded}
            models_config.write(base, succeeding, labels, seen_as)


def _problems(base: str, version: int) -> list[str]:
    """Returns how the files of a version differ from its manifest.

    Raises:
        LookupError: There is no such version, or a push that makes room is removing it.
    """
    problems = registry.if_there(registry.folder(base, version), manifest.problems)
    if problems is None:
        raise LookupError(f"Version {version} was just removed from {base}, by a push.")
    return problems


def _check_signature(base: str, version: int, key: Ed25519PublicKey | None) -> None:
    """Checks that a version is signed with a key, if one is given.

    Raises:
        ValueError: It is not.
    """
    problems = signature.problems(registry.folder(base, version), key) if key else []
    if problems:
        raise ValueError(
            f"Version {version} can't be trusted, nothing was changed: {'; '.join(problems)}."
        )


def _served(base: str) -> int | None:
    """Returns the version that is served; None where the folder of the labelled one is gone."""
    lost = models_config.labels(base).keys() - registry.labels(base).keys()
    return None if STABLE in lost else registry.served(base)


def _labelled(base: str) -> bool:
    return STABLE in models_config.labels(base)


def _set_aside(base: str, say: Callable[[str], None]) -> bool:
    """Sets aside what can't be read, and returns whether that was the configuration."""
    lost = False
    try:
        models_config.labels(base)
    except models_config.Unreadable:
        say(f"Unreadable, set aside: {models_config.set_aside(models_config.path_of(base))}")
        lost = True
    try:
        stable_history.written(base)
    except stable_history.Unreadable:
        say(f"Unreadable, set aside: {models_config.set_aside(stable_history.path_of(base))}")
    return lost


def _move(
    base: str,
    labels: dict[str, int],
    wanted: dict[str, int],
    history: list[int] | None,
    server: ModelServer | None,
    say: Callable[[str], None],
    seen_as: str | None,
) -> None:
    """Lets the server load the wanted versions beside the present ones, then move the labels.

    If it does not follow, configuration and history are restored. A killed process leaves a state
    that can be served, and whose history ends before what did not come to be.

    Args:
        base: Folder of the versions.
        labels: Labels now, of versions that are there.
        wanted: Labels afterwards.
        history: Versions that were stable, afterwards; None where it stays.
        server: Running server, if any.
        say: Called with a line about each step.
        seen_as: Path of `base` as the server sees it; by default `base` itself.
    """
    versions = {*labels.values(), *wanted.values()}
    paths = (models_config.path_of(base), stable_history.path_of(base))
    before = {path: _text(path) for path in paths}

    def write(loaded: set[int], named: dict[str, int], purpose: str) -> None:
        with placing.locked(base, purpose):
            for version in loaded:
                registry.folder(base, version)  # raises if it was removed meanwhile
            if history is not None and named == wanted:
                stable_history.write(base, history)
            models_config.write(base, loaded, named, seen_as)

    try:
        if server:
            write(versions, labels, "loading of versions")
            say(f"1. loading {', '.join(map(str, sorted(versions)))}")
            for version in sorted(versions):
                server.await_version(version)
            write(versions, wanted, "move of labels")
            say("2. moving the labels")
            for name, version in wanted.items():
                server.await_label(name, version)
        write(set(wanted.values()), wanted, "end of a promotion")
    except BaseException:
        for path, text in before.items():
            _restore(path, text)
        raise


def _restore(path: str, text: str | None) -> None:
    if text is not None:
        if _text(path) != text:
            models_config.replace(path, text)
    elif fileio.exists(path):
        fileio.remove(path)


def _text(path: str) -> str | None:
    if not fileio.exists(path):
        return None
    with fileio.open(path, "r") as file:
        return "".join(file)
