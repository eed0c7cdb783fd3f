"""`movielens batch`: recommendations for every user, as a Parquet file."""

import pathlib

import click

from pipeline.cli import values, versions
from pipeline.cli.ask import filter_options


@click.command()
@click.option(
    "--out", type=values.PATH, required=True, metavar="FILE", help="File, such as recs.parquet."
)
@click.option(
    "-k", "count", type=click.IntRange(min=1), default=10, metavar="N", help="Items a user."
)
@click.option(
    "--version", type=values.VERSION, metavar="N", help="Version to ask.  [default: the served one]"
)
@filter_options
@versions.options
def batch(
    out: pathlib.Path,
    count: int,
    version: int | None,
    require: tuple[str, ...],
    forbid: tuple[str, ...],
    base: pathlib.Path | None,
    runs: pathlib.Path,
) -> None:
    """Asks the served bundle for every user it knows, through Beam.

    Writes one row a recommendation, in order of user id and rank.
    """
    from components.registry import versions as registry
    from pipeline.inference import batch as inference

    folder = versions.find_base(base, runs)
    asked = version if version is not None else registry.served(folder)
    if asked is None:
        raise LookupError(f"Nothing is served from {folder} yet; start with `movielens run`.")
    users, rows = inference.write(
        registry.folder(folder, asked), asked, out, count, require=require, forbid=forbid
    )
    print(f"{rows:,} recommendations for {users:,} users by version {asked}: {out}")
