"""`movielens init`: looks at the files of a folder, and writes what a person then corrects."""

import pathlib

import click

from pipeline.cli import values
from pipeline.cli.request import BESIDE_DATA


@click.command()
@click.argument("folder", type=values.PATH)
@click.option(
    "--out", type=values.PATH, metavar="FILE", help="File to write.  [default: in FOLDER]"
)
def init(folder: pathlib.Path, out: pathlib.Path | None) -> None:
    """Writes a definition of the data in FOLDER, with a guess and its reason for every column.

    FOLDER holds items, events and, if there are any, users: CSV, Parquet or JSON lines, each a file
    or a folder of files. Read what was written, correct it, then try `movielens check`.
    """
    from components.ingestion.guess import guess

    target = out or folder / BESIDE_DATA
    if target.exists():
        raise ValueError(f"{target} is there already; remove it, or name another with --out.")
    text = guess(folder)
    temporary = target.with_name(f".{target.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(target)
    print(f"{text}\nWritten to {target}. Read it, correct what is wrong, then:")
    print(f"  movielens check --data {click.format_filename(folder)}")
