"""`movielens check`: everything that is wrong with the files of a folder, at once."""

import pathlib

import click

from pipeline.cli import request, values
from pipeline.cli.request_options import AS_OF
from pipeline.cli.versions import json_option


@click.command()
@click.option("--data", type=values.DATA, required=True, help="Folder of the files, or a pattern.")
@click.option(
    "--span", type=values.SPAN, help="Which folder of the pattern.  [default: the newest]"
)
@click.option(
    "--definition",
    type=values.FILE,
    metavar="FILE",
    help="YAML that defines the data.  [default: definition.yaml in the folder, else MovieLens']",
)
@AS_OF
@json_option
def check(
    data: str,
    span: str | None,
    definition: pathlib.Path | None,
    as_of: str | None,
    as_json: bool,
) -> int:
    """Reads the files as a run does, and tells all faults with counts and first examples.

    Exit status: 0 a run would read them, 1 it would not.
    """
    from components.ingestion import as_of as moments
    from components.ingestion import spans, tables
    from transform import datasets

    defined = request.find_definition(definition, data) or datasets.load(datasets.MOVIELENS)
    folder = spans.find(data, span or spans.NEWEST)
    moment = moments.seconds(as_of or "")
    report = tables.check(pathlib.Path(folder.path), defined, as_of=moment)
    print(report.to_json() if as_json else report.text())
    return 0 if report.ok else 1
