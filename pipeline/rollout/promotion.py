"""Promotion and rollback of versions, in the steps that TensorFlow Serving needs.

A label may only be given to a version that is loaded. So a new version is first loaded beside the
old one, then the label moves, then the old one is dropped: whoever asks without a label gets the
highest version that is loaded, and must not get one that was rolled back.
"""

import json
import os
from collections.abc import Callable

from tfx.dsl.io import fileio

from components.bundle import manifest
from components.registry import models_config
from components.registry import versions as registry
from components.registry.models_config import CANARY, STABLE
from pipeline.rollout.model_server import ModelServer

HISTORY = "stable_versions.json"


def promote(
    base: str,
    version: int,
    label: str,
    server: ModelServer | None,
    say: Callable[[str], None],
    seen_as: str | None = None,
) -> None:
    """Labels a version, and lets the server load the labelled versions only.

    Args:
        base: Folder of the versions, which TensorFlow Serving watches.
        version: Number of the version.
        label: `stable` or `canary`.
        server: Running server, which is waited for after each step; None where the configuration is
            for a server that starts later, which assigns labels after it has loaded.
        say: Called with a line about each step.
        seen_as: Path of `base` as the server sees it; by default `base` itself.

    Raises:
        LookupError: There is no such version.
        ValueError: It is damaged, or the server did not follow. The labels are unchanged.
    """
    problems = manifest.problems(registry.folder(base, version))
    if problems:
        raise ValueError(
            f"Version {version} is damaged, nothing was changed: {'; '.join(problems)}."
        )
    before = _served(base)
    history = stable_history(base)
    labels = registry.labels(base)
    if STABLE not in labels and before is not None:
        labels[STABLE] = before
    if STABLE not in {**labels, label: version}:
        raise LookupError(
            f"The version labelled {STABLE} is not under {base}: promote another to it first."
        )
    wanted = {**labels, label: version}
    if label == STABLE and wanted.get(CANARY) == version:
        del wanted[CANARY]
    if server:
        _move(base, labels, wanted, server, say, seen_as)
    models_config.write(base, set(wanted.values()), wanted, seen_as)
    if label == STABLE:
        _remember(base, [*history, *([before] if before else []), version])
    say(f"{label} is version {version}")


def rollback(
    base: str,
    server: ModelServer | None,
    say: Callable[[str], None],
    seen_as: str | None = None,
) -> int:
    """Promotes the version that was served before, and ends a canary.

    Args:
        base: Folder of the versions, which TensorFlow Serving watches.
        server: Running server, as for `promote`.
        say: Called with a line about each step.
        seen_as: Path of `base` as the server sees it; by default `base` itself.

    Returns:
        The version that is served now.

    Raises:
        LookupError: There is no earlier version.
        ValueError: As for `promote`.
    """
    now = _served(base)
    earlier = [version for version in stable_history(base) if version != now]
    if not earlier:
        raise LookupError(
            f"Nothing to go back to: no version under {base} was served before"
            f"{f' {now}' if now is not None else ''}."
        )
    promote(base, earlier[-1], STABLE, server, say, seen_as)
    if CANARY in models_config.labels(base):
        models_config.write(base, {earlier[-1]}, {STABLE: earlier[-1]}, seen_as)
    _remember(base, earlier)
    return earlier[-1]


def _served(base: str) -> int | None:
    """Returns the version that is served; None where the folder of the labelled one is gone."""
    lost = models_config.labels(base).keys() - registry.labels(base).keys()
    return None if STABLE in lost else registry.served(base)


def stable_history(base: str) -> list[int]:
    """Returns the versions that were served, in that order, without those that are gone.

    Where no label was ever assigned, each version was the newest once and was served.

    Raises:
        ValueError: The history can't be read.
    """
    there = registry.versions(base)
    path = _history_path(base)
    text = _text(path)
    if text is None:
        return there if STABLE not in models_config.labels(base) else []
    try:
        history = [int(version) for version in json.loads(text)]
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{path} is not a list of versions ({error}); remove it, and `promote` instead."
        ) from error
    return [version for version in history if version in there]


def _move(
    base: str,
    labels: dict[str, int],
    wanted: dict[str, int],
    server: ModelServer,
    say: Callable[[str], None],
    seen_as: str | None,
) -> None:
    """Lets the server load the wanted versions beside the present ones, then move the labels.

    If it does not follow, the configuration is restored.
    """
    versions = {*labels.values(), *wanted.values()}
    path = models_config.path_of(base)
    before = _text(path)
    try:
        models_config.write(base, versions, labels, seen_as)
        say(f"1. loading {', '.join(map(str, sorted(versions)))}")
        for version in sorted(versions):
            server.await_version(version)
        models_config.write(base, versions, wanted, seen_as)
        say("2. moving the labels")
        for name, version in wanted.items():
            server.await_label(name, version)
    except BaseException:
        if before is None:
            fileio.remove(path)
        else:
            models_config.replace(path, before)
        raise


def _remember(base: str, versions: list[int]) -> None:
    """Writes the versions that were served, in order, without repetitions in a row."""
    kept = [
        version
        for index, version in enumerate(versions)
        if index == 0 or version != versions[index - 1]
    ]
    models_config.replace(_history_path(base), json.dumps(kept))


def _text(path: str) -> str | None:
    if not fileio.exists(path):
        return None
    with fileio.open(path, "r") as file:
        return file.read()


def _history_path(base: str) -> str:
    return os.path.join(os.path.dirname(base.rstrip("/")), HISTORY)
