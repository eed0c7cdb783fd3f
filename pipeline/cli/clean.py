"""`movielens clean`: removes what old runs left."""

import dataclasses
import json
import pathlib

import click

from pipeline.cli.versions import json_option, runs_option


@click.command()
@click.option(
    "--keep",
    type=click.IntRange(0),
    default=1,
    metavar="N",
    help="Runs whose results stay, the last that ended. With 0 the trials of `tune` go too.",
)
@click.option("--dry-run", is_flag=True, help="Only tell what would be freed.")
@runs_option
@json_option
def clean(keep: int, dry_run: bool, runs: pathlib.Path, as_json: bool) -> None:
    """Removes artifacts and logs of all but the last N runs of each output folder.

    Versions that were pushed, records and metrics stay: serving, baseline, warm start and refresh
    need nothing else. A later run makes anew what it can't reuse any more.
    """
    from pipeline.runs import clean as cleaning

    outputs = cleaning.output_folders(runs)
    if not outputs:
        raise LookupError(f"No run under {runs} yet; start one with `movielens run`.")
    for output in outputs:
        cleaning.check_is_free(output)
    cleaned = [cleaning.clean(output, keep, dry_run) for output in outputs]
    if as_json:
        print(json.dumps([dataclasses.asdict(each) for each in cleaned]))
    else:
        print("\n".join(cleaning.told(each) for each in cleaned))
