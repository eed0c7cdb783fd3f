"""Damage of what is served, as after a folder was removed by hand, and its repair."""

import dataclasses
import functools
import os
from collections.abc import Callable

from tfx.dsl.io import fileio

from components.bundle import manifest
from components.registry import models_config, placing
from components.registry import versions as registry
from components.registry.models_config import STABLE
from pipeline.rollout import promotion, stable_history


@dataclasses.dataclass(frozen=True)
class Damage:
    """Something that is not as it should be."""

    problem: str
    """What is wrong, a sentence."""

    remedy: str
    """What a repair does, a sentence."""

    mend: Callable[[], object] | None = None
    """Repairs it; None where only a person can."""


def find(base: str, whole: bool = True) -> list[Damage]:
    """Returns what is damaged, in the order in which it is to be mended. Changes nothing.

    Args:
        base: Folder of the versions.
        whole: Whether to compare every file with its manifest, too.

    Raises:
        ValueError: Only later code can read the configuration.
    """
    folders = {
        version: os.path.join(base, name) for version, name in registry.folders(base).items()
    }
    bad = {version: _problem(folders[version], whole) for version in sorted(folders)}
    good = [version for version, damage in bad.items() if damage is None or damage.mend is None]
    return [
        *_of_labels(base, good),
        *(damage for damage in bad.values() if damage),
        *(_incomplete(base, name) for name in _incomplete_names(base)),
        *_left(base),
    ]


def repair(base: str, say: Callable[[str], None]) -> list[Damage]:
    """Mends what is damaged, and returns what only a person can mend.

    Args:
        base: Folder of the versions.
        say: Called with a line about each remedy.

    Raises:
        TimeoutError: A promotion goes on, or another process changes the versions.
    """
    with promotion.rollout(base, "repair"), placing.locked(base, "repair"):
        left = []
        for damage in find(base):
            if damage.mend is None:
                left.append(damage)
            else:
                damage.mend()
                say(damage.remedy)
        return left


def _problem(folder: str, whole: bool) -> Damage | None:
    """Returns what is wrong with a complete version; None if nothing is."""
    try:
        problems = registry.if_there(folder, manifest.problems if whole else _no_problems)
    except manifest.Newer as error:
        return Damage(str(error), "Only an upgrade helps.")
    except ValueError as error:
        problems = [str(error)]
    if not problems:
        return None
    return _to_set_aside(folder, f"Version {folder} is damaged: {'; '.join(problems)}.")


def _no_problems(folder: str) -> list[str]:
    manifest.read(folder)  # raises if there is one
    return []


def _incomplete_names(base: str) -> list[str]:
    complete = registry.folders(base).values()
    return [
        name
        for name in registry.children(base)
        if registry.is_number(name) and name not in complete
    ]


def _incomplete(base: str, name: str) -> Damage:
    folder = os.path.join(base, name)
    return _to_set_aside(folder, f"{folder} is no version: {registry.SAVED_MODEL} is missing.")


def _to_set_aside(folder: str, problem: str) -> Damage:
    aside = os.path.join(os.path.dirname(folder), f"{registry.SET_ASIDE}{os.path.basename(folder)}")
    while fileio.exists(aside):
        aside += "-again"
    return Damage(
        problem,
        f"{folder} is renamed to {os.path.basename(aside)}, which the server ignores.",
        functools.partial(fileio.rename, folder, aside),
    )


def _of_labels(base: str, good: list[int]) -> list[Damage]:
    """Returns what is wrong with the configuration and the history, given the good versions."""
    config, history = models_config.path_of(base), stable_history.path_of(base)
    found = []
    try:
        stable = stable_history.written(base)
    except stable_history.Unreadable as error:
        stable = []
        found.append(
            Damage(str(error), f"{history} is set aside.", lambda: models_config.set_aside(history))
        )
    try:
        labels, loaded = models_config.labels(base), models_config.loaded(base)
    except models_config.Unreadable as error:
        wanted = _stable(stable, good) if stable else {}
        return [
            *found,
            Damage(
                str(error),
                f"{config} is set aside. {_served(wanted, [])}",
                functools.partial(_start_over, base, wanted),
            ),
        ]
    gone = {name: version for name, version in labels.items() if version not in good}
    unknown = sorted({*loaded} - {*good} - {*gone.values()})
    if not gone and not unknown:
        return found
    wanted = {name: version for name, version in labels.items() if name not in gone}
    if STABLE in gone:
        wanted = {**wanted, **_stable(stable_history.before(stable, gone[STABLE]), good)}
    named = [f"version {version} as {name}" for name, version in sorted(gone.items())]
    told = [*named, *(f"version {version} to be loaded" for version in unknown)]
    kept = [version for version in loaded if version in good]
    return [
        *found,
        Damage(
            f"{config} names {', '.join(told)}: gone or damaged.",
            f"{config} is written without. {_served(wanted, kept)}",
            lambda: _write(base, wanted, kept),
        ),
    ]


def _stable(history: list[int], good: list[int]) -> dict[str, int]:
    """Returns the label of what was stable last, else of the newest good version, if any."""
    were = [version for version in history if version in good]
    return {STABLE: (were or good)[-1]} if good else {}


def _served(labels: dict[str, int], loaded: list[int]) -> str:
    if STABLE in labels:
        return f"Version {labels[STABLE]} is {STABLE}."
    return f"Loaded: {', '.join(map(str, loaded))}." if loaded else "The newest version is served."


def _start_over(base: str, labels: dict[str, int]) -> None:
    models_config.set_aside(models_config.path_of(base))
    _write(base, labels, [])


def _write(base: str, labels: dict[str, int], loaded: list[int]) -> None:
    models_config.write(base, {*labels.values(), *loaded}, labels)


def _left(base: str) -> list[Damage]:
    exclusive = "://" not in base
    return [
        Damage(
            f"{path} is left of a process that was killed.",
            f"{path} is removed.",
            functools.partial(placing.remove, base, path),
        )
        for path in placing.leftovers(base, exclusive)
    ]
