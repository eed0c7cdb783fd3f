"""`movielens runs`: what ran, when, and what was pushed."""

import dataclasses
import json
import pathlib

import click

from pipeline.cli.versions import json_option, runs_option


@click.command()
@runs_option
@json_option
def runs(runs: pathlib.Path, as_json: bool) -> None:
    """Lists what ran, when, and what was pushed."""
    from pipeline.runs import records, tables

    found = records.read_all(runs)
    if as_json:
        print(json.dumps([dataclasses.asdict(record) for record in found]))
    elif found:
        print(tables.run_table(found))
    else:
        print(f"No run under {runs} yet; start one with `movielens run`.")
