"""`movielens fetch`: gets a release."""

import pathlib

import click

from pipeline.cli import values
from pipeline.runs import records


@click.command()
@click.argument("dataset", type=values.DATASET, default="ml-100k")
@click.option(
    "--to", type=values.PATH, default=records.RUNS / "data", metavar="FOLDER", help="Folder."
)
def fetch(dataset: str, to: pathlib.Path) -> None:
    """Gets a release, checked by hash: ml-100k unless DATASET names another."""
    from pipeline.datasets import fetch as fetching

    folder = fetching.fetch(dataset, to / dataset, print)
    print(f"MovieLens files are in {folder}")
