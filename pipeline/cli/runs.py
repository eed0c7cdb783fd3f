"""`movielens runs`: what ran, when, and what was pushed."""

import dataclasses
import json
import pathlib

import click

from pipeline.cli.versions import json_option, runs_option


@click.command()
@click.option(
    "--compare",
    nargs=2,
    metavar="RUN RUN",
    help="Show what differs between two runs: settings, data and metrics.",
)
@runs_option
@json_option
def runs(compare: tuple[str, str] | None, runs: pathlib.Path, as_json: bool) -> None:
    """Lists what ran, when, and what was pushed."""
    from pipeline.runs import description, records, tables

    found = records.read_all(runs)
    if compare:
        found = [records.named(found, run_id, runs) for run_id in compare]
    if compare and not as_json:
        print(description.compare(*found))
    elif as_json:
        print(json.dumps([dataclasses.asdict(record) for record in found]))
    elif found:
        print(tables.run_table(found))
    else:
        print(f"No run under {runs} yet; start one with `movielens run`.")
