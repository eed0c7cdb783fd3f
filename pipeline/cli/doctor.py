"""`movielens doctor`: what is wrong with this machine or with what runs left, in seconds."""

import dataclasses
import json
import pathlib
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from pipeline.cli.versions import base_of, json_option, runs_option

if TYPE_CHECKING:
    from pipeline.runs.health import Finding
    from pipeline.runs.records import RunRecord

PORTS = (8500, 8501, 8080)


@click.command()
@runs_option
@json_option
def doctor(runs: pathlib.Path, as_json: bool) -> int:
    """Looks at system, disk, ports, metadata, data and versions; fails if one is not sound.

    Reads no file of a version whole: `movielens serving verify` does.
    """
    from pipeline.runs import health, records

    latest = {record.output: record for record in records.read_all(runs)}
    found = list(health.machine(runs, PORTS))
    for record in latest.values():
        found += [health.metadata(record), health.data(record), *_versions(record)]
    if as_json:
        print(json.dumps([dataclasses.asdict(each) for each in found]))
    else:
        for each in found:
            print(f"{'ok   ' if each.sound else 'WRONG'}  {each.name}: {each.told}")
    return int(not all(each.sound for each in found))


def _versions(record: "RunRecord") -> Iterator["Finding"]:
    """Yields what is damaged of the versions that a run's output folder serves, if anything is."""
    from pipeline.rollout import damage
    from pipeline.runs.health import Finding

    base = pathlib.Path(base_of(record))
    name = f"versions of {record.model}"
    damages = damage.find(str(base), whole=False) if base.is_dir() else []
    more = f"`movielens serving verify --repair --base {shlex.quote(str(base))}` tells more"
    for each in damages:
        yield Finding(name, False, f"{each.problem} {more}")
    if not damages:
        yield Finding(name, True, f"{base}" if base.is_dir() else f"none under {base} yet")
