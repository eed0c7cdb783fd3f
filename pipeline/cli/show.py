"""`movielens show`: all that is known of one run."""

import dataclasses
import json
import pathlib

import click

from pipeline.cli.versions import json_option, runs_option


@click.command()
@click.argument("run")
@runs_option
@json_option
def show(run: str, runs: pathlib.Path, as_json: bool) -> None:
    """Shows how RUN ended and why, its data, metrics and settings."""
    from pipeline.runs import description, records

    record = records.named(records.read_all(runs), run, runs)
    print(json.dumps(dataclasses.asdict(record)) if as_json else description.describe(record))
