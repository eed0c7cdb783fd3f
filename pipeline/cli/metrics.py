"""`movielens metrics`: the test metrics of a run."""

import json
import pathlib

import click

from pipeline.cli.versions import json_option, runs_option


@click.command()
@click.argument("run", required=False)
@click.option("--slices", is_flag=True, help="Also hit@10 by slice.")
@runs_option
@json_option
def metrics(run: str | None, slices: bool, runs: pathlib.Path, as_json: bool) -> None:
    """Shows the test metrics of RUN beside popular and recently popular; of the last by default."""
    from pipeline.runs import records, tables, verdict

    record = records.find(runs, run)
    if as_json:
        print(json.dumps(record.metrics if slices else record.metrics[""]))
        return
    print(f"Run {record.run_id} ({record.preset}): {record.status}, measured on test")
    for reason in verdict.reasons(record):
        print(reason)
    print(tables.metric_table(record.metrics[""]))
    if slices:
        print(tables.slice_table(record.metrics))
