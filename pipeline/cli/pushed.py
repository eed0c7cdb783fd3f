"""`movielens serving list` and `show`: the pushed versions, and what one of them is."""

import json
import pathlib
from typing import Any

import click

from pipeline.cli import values, versions

SHOWN = ("push", "towers", "data", "counts", "evaluation", "settings", "configuration")
"""Parts of a manifest that people read."""


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, the manifests included.")
@versions.options
def list_versions(as_json: bool, base: pathlib.Path | None, runs: pathlib.Path) -> None:
    """Lists the versions, oldest first, and what is damaged."""
    from pipeline.rollout import damage
    from pipeline.runs import tables

    folder = versions.find_base(base, runs)
    damages = damage.find(folder, whole=False)
    rows = _rows(folder)
    if as_json:
        print(json.dumps(rows))
    elif rows:
        print(f"{folder}\n{tables.columns(_table(rows))}")
    else:
        print(f"No version under {folder} yet; `movielens run` pushes one.")
    if damages:
        told = "\n".join(f"  {each.problem}" for each in damages)
        click.echo(f"Damaged:\n{told}\n`movielens serving verify --repair` mends it.", err=True)


@click.command("show")
@click.argument("version", type=values.VERSION, required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the manifest.")
@versions.options
def show_version(
    version: int | None, as_json: bool, base: pathlib.Path | None, runs: pathlib.Path
) -> None:
    """Shows what the manifest of VERSION says, by default of the one that is served.

    Its data, what it measured, and every setting of the run that pushed it; wherever that was.
    """
    import dataclasses

    from components.bundle import manifest
    from components.registry import versions as registry
    from pipeline.runs import description

    folder = versions.find_base(base, runs)
    number = registry.served(folder) if version is None else version
    if number is None or number not in registry.versions(folder):
        wanted = "version" if number is None else f"version {number}"
        raise LookupError(f"No {wanted} under {folder}; `movielens serving list` shows all.")
    path = registry.folder(folder, number)
    told = manifest.read(path)
    if told is None:
        raise LookupError(f"{path} has no manifest: an earlier release pushed it.")
    document = dataclasses.asdict(told)
    if as_json:
        print(json.dumps(document))
    else:
        shown = {name: document[name] for name in SHOWN if document[name]}
        print(description.listed({"version": path, **description.flat(shown)}))


def _table(rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    shown: list[tuple[str, ...]] = [
        ("version", "served", "labels", "pushed (UTC)", "items", "hit@10", "trained by")
    ]
    for row in rows:
        told = row["manifest"] or {}
        push = told.get("push", {})
        hit = push.get("metrics", {}).get("hit@10")
        shown.append(
            (
                str(row["version"]),
                "yes" if row["served"] else "",
                ", ".join(row["labels"]),
                push.get("at", "").partition("+")[0],
                str(told.get("counts", {}).get("items", "")),
                f"{hit:.4f}" if hit is not None else "",
                told.get("towers", {}).get("run", ""),
            )
        )
    return shown


def _rows(base: str) -> list[dict[str, Any]]:
    """Returns what is known of each version, oldest first."""
    from components.registry import models_config
    from components.registry import versions as registry

    try:
        served, labels = registry.served(base), models_config.labels(base)
    except models_config.Unreadable:  # shown as damage
        served, labels = None, {}
    rows = []
    for version, name in sorted(registry.folders(base).items()):
        rows.append(
            {
                "version": version,
                "served": version == served,
                "labels": sorted(label for label, number in labels.items() if number == version),
                "manifest": _manifest(str(pathlib.PurePath(base, name))),
            }
        )
    return rows


def _manifest(folder: str) -> dict[str, Any] | None:
    """Returns the manifest of a version; None if it has none that can be read."""
    import dataclasses

    from components.bundle import manifest
    from components.registry import versions as registry

    try:
        told = registry.if_there(folder, manifest.read)
    except ValueError:  # shown as damage
        return None
    return dataclasses.asdict(told) if told else None
