"""`movielens serving verify`: whether what is served is whole, and its repair."""

import json
import pathlib
from typing import TYPE_CHECKING

import click

from pipeline.cli import values, versions
from pipeline.cli.signing import key_option, public_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


@click.command()
@click.argument("version", type=values.VERSION, required=False)
@click.option(
    "--repair", is_flag=True, help="Tell what a repair of all that is damaged would do; see --yes."
)
@click.option("--yes", is_flag=True, help="Do what --repair tells.")
@key_option
@versions.json_option
@versions.options
def verify(
    version: int | None,
    repair: bool,
    yes: bool,
    key: pathlib.Path | None,
    as_json: bool,
    base: pathlib.Path | None,
    runs: pathlib.Path,
) -> int:
    """Compares the files of VERSION, or of all, with their manifests; fails if any differs.

    With --key also the signatures: a manifest shows damage, a signature who pushed the version.

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
    return _verify(folder, version, public_key(key), as_json)


def _verify(base: str, version: int | None, key: "Ed25519PublicKey | None", as_json: bool) -> int:
    from components.registry import versions as registry

    numbers = registry.versions(base) if version is None else [version]
    found = {number: _problems(registry.folder(base, number), key) for number in numbers}
    if as_json:
        print(json.dumps(found))
    else:
        good = "as its manifest says" + (", and signed" if key else "")
        for number, problems in found.items():
            print(f"{number}: " + ("; ".join(problems) or good))
    return int(any(found.values()))


def _problems(folder: str, key: "Ed25519PublicKey | None") -> list[str]:
    from components.bundle import manifest
    from components.registry import signature

    try:
        problems = manifest.problems(folder)
        return [*problems, *(signature.problems(folder, key) if key and not problems else [])]
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
