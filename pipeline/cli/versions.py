"""Which folder of served versions is meant: the options that every command on them shares."""

import pathlib
from collections.abc import Callable
from typing import Any

import click

from pipeline.cli import values
from pipeline.runs import records

runs_option = click.option(
    "--runs", type=values.PATH, default=records.RUNS, metavar="FOLDER", help="Folder of the runs."
)
base_option = click.option(
    "--base",
    type=values.PATH,
    metavar="FOLDER",
    help="The folder that TensorFlow Serving watches.  [default: that of the run that pushed last]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say which folder of versions is meant."""
    return base_option(runs_option(command))


def find_base(base: pathlib.Path | None, runs: pathlib.Path) -> str:
    """Returns the folder that TensorFlow Serving watches.

    Args:
        base: The folder, if it was named.
        runs: Folder of the runs; without `base`, the last run that pushed tells the folder.

    Raises:
        LookupError: No run pushed anything, and no folder was named.
        ValueError: `base` is no folder.
    """
    if base is None:
        return base_of(records.find(runs, None, pushed=True))
    if not base.is_dir():
        raise ValueError(f"{base} is not a folder; versions are pushed into one by `run`.")
    return str(base.absolute())


def base_of(record: records.RunRecord) -> str:
    """Returns the folder of versions that a run pushed to."""
    from pipeline.config import output_paths

    return str(output_paths(pathlib.Path(record.output), record.model)["serving_base"])


def served_path(record: records.RunRecord) -> str:
    """Returns the path of the version that is served where a run pushed to, else its own."""
    from components.registry import versions

    base = base_of(record)
    version = versions.served(base)
    return versions.folder(base, version) if version is not None else record.pushed
