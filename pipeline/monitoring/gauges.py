"""Gauges of runs and versions in a file, for Prometheus' node exporter to collect.

Pipelines come and go, so nothing can be scraped from them: each run leaves this file, which the
textfile collector reads. It is OpenMetrics and Prometheus' older format alike.
"""

import datetime
import os
import pathlib
import re
import time

from components.bundle import manifest
from components.registry import models_config
from components.registry import versions as registry
from components.registry.models_config import STABLE

SUFFIX = ".prom"
OF_RUNS = "movielens_last_run_"
LINE = re.compile(r"(?P<name>[a-z0-9_]+)\{[^}]*\} (?P<value>\S+)")

HELP = {
    "movielens_last_run_timestamp_seconds": "When the last run ended, in seconds since 1970.",
    "movielens_last_run_blessed": "Whether the last run's bundle was blessed: 1 or 0.",
    "movielens_last_run_failed": "Whether the last run failed, anomalies included: 1 or 0.",
    "movielens_last_run_hit_at_10": "hit@10 on test of the last run that was evaluated.",
    "movielens_served_version_pushed_timestamp_seconds": "When the served version was pushed.",
    "movielens_versions_waiting_for_promotion": "Versions pushed since labels were last moved; "
    "0 while none is labelled stable.",
}
"""Meaning of each gauge by its name. One whose value is not known is left out of the file."""

Gauges = dict[str, float]


def path_of(base: str, metrics_file: str = "") -> pathlib.Path:
    """Returns the path of the file: the one asked for, or beside the folder of the versions."""
    return pathlib.Path(metrics_file or base.rstrip("/") + SUFFIX)


def of_run(ended: float, blessed: bool, failed: bool, hit_at_10: float | None = None) -> Gauges:
    """Returns the gauges of a run.

    Args:
        ended: When it ended, in seconds since 1970.
        blessed: Whether its bundle was blessed.
        failed: Whether it failed.
        hit_at_10: On `test`; None where it is not known.
    """
    found = {
        f"{OF_RUNS}timestamp_seconds": ended,
        f"{OF_RUNS}blessed": float(blessed),
        f"{OF_RUNS}failed": float(failed),
    }
    return found if hit_at_10 is None else {**found, f"{OF_RUNS}hit_at_10": hit_at_10}


def of_versions(base: str) -> Gauges:
    """Returns the gauges of the versions under `base`.

    Raises:
        ValueError: The server's configuration can't be read.
    """
    served = registry.served(base)
    pushed = _pushed(base, served) if served is not None else None
    found = {} if pushed is None else {"movielens_served_version_pushed_timestamp_seconds": pushed}
    return {**found, "movielens_versions_waiting_for_promotion": float(len(waiting(base)))}


def waiting(base: str) -> list[int]:
    """Returns the versions that nobody has decided on: newer than `stable`, and than its label.

    Who promotes or rolls back has seen what was pushed until then. While nothing is labelled
    `stable` every push is served at once, and none waits.
    """
    stable = registry.labels(base).get(STABLE)
    if stable is None:
        return []
    decided = os.stat(models_config.path_of(base)).st_mtime
    newer = [version for version in registry.versions(base) if version > stable]
    return [version for version in newer if (_pushed(base, version) or 0.0) > decided]


def write(path: pathlib.Path, base: str, of_run: Gauges) -> None:
    """Writes the gauges of a run, and of the versions as they are now: whole or not at all.

    Args:
        path: The file.
        base: Folder of the versions; its name is the model's, which every gauge has as its label.
        of_run: As `of_run` returns them; those that are missing stay as they are in the file.

    Raises:
        OSError: It can't be written.
        ValueError: The server's configuration can't be read.
    """
    model = models_config.name_of(base)
    kept = {name: value for name, value in read(path).items() if name.startswith(OF_RUNS)}
    lines = []
    for name, value in {**kept, **of_run, **of_versions(base)}.items():
        lines += [f"# HELP {name} {HELP[name]}", f"# TYPE {name} gauge"]
        lines.append(f'{name}{{model="{model}"}} {value:.12g}')
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{time.time_ns()}")
    temporary.write_text("\n".join([*lines, "# EOF", ""]), encoding="utf-8")
    os.replace(temporary, path)


def follow_labels(base: str) -> None:
    """Writes the gauges of the versions anew after labels were moved, where there is a file.

    Raises:
        OSError: It can't be written.
        ValueError: The server's configuration can't be read.
    """
    path = path_of(base)
    if path.is_file():
        write(path, base, {})


def read(path: pathlib.Path) -> Gauges:
    """Returns the gauges in a file; none if there is no file."""
    if not path.is_file():
        return {}
    found = map(LINE.fullmatch, path.read_text(encoding="utf-8").splitlines())
    return {
        match["name"]: float(match["value"]) for match in found if match and match["name"] in HELP
    }


def _pushed(base: str, version: int) -> float | None:
    """Returns when a version was pushed, in seconds since 1970; None if no manifest says it."""
    described = manifest.read(registry.folder(base, version))
    at = described.push.get("at") if described and described.push else None
    return datetime.datetime.fromisoformat(at).timestamp() if at else None
