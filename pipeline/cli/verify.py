"""`movielens serving verify`: whether what is served is whole, and its repair."""

import json
import pathlib

import click

from pipeline.cli import values, versions


@click.command()
@click.argument("version", type=values.VERSION, required=False)
@click.option(
    "--repair", is_flag=True, help="Tell what a repair of all that is damaged would do; see --yes."
)
@click.option("--yes", is_flag=True, help="Do what --repair tells.")
@versions.json_option
@versions.options
def verify(
    version: int | None,
    repair: bool,
    yes: bool,
    as_json: bool,
    base: pathlib.Path | None,
    runs: pathlib.Path,
) -> int:
    """Compares the files of VERSION, or of all, with their manifests; fails if any differs.

    With --repair also labels, models.config and what killed processes left. Damaged versions are
    renamed, never removed, and a label on one moves to the last good version that had it.
    """
    if yes and not repair:
        raise click.UsageError("--yes needs --repair.")
    if repair and (version is not None or as_json):
        raise click.UsageError("--repair is of all versions, and prints no JSON.")
    folder = versions.find_base(base, runs)
    if repair:
        return _repair(folder, yes)
    return _verify(folder, version, as_json)


def _verify(base: str, version: int | None, as_json: bool) -> int:
    from components.registry import versions as registry

    numbers = registry.versions(base) if version is None else [version]
    found = {number: _problems(registry.folder(base, number)) for number in numbers}
    if as_json:
        print(json.dumps(found))
    else:
        for number, problems in found.items():
            print(f"{number}: " + ("; ".join(problems) or "as its manifest says"))
    return int(any(found.values()))


def _problems(folder: str) -> list[str]:
    from components.bundle import manifest

    try:
        return manifest.problems(folder)
    except ValueError as error:  # one damaged version must not hide the others
        return [str(error)]


def _repair(base: str, yes: bool) -> int:
    """Tells what is damaged and what a repair does, or does it; 1 if damage is left."""
    from pipeline.rollout import damage

    if yes:
        left = damage.repair(base, print)
        for each in left:
            print(f"{each.problem} {each.remedy}")
        print("Damage is left that only you can mend." if left else "Nothing is damaged now.")
        return int(bool(left))
    damages = damage.find(base)
    for each in damages:
        print(f"{each.problem}\n  → {each.remedy}")
    print("Nothing was changed; with --yes it is." if damages else "Nothing is damaged.")
    return int(bool(damages))
