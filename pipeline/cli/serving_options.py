"""Where the served versions are: the options that every command on them shares."""

import argparse
import pathlib

from pipeline.config import output_paths
from pipeline.runs import records

RUNS = pathlib.Path("runs")


def add_to(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say which folder of versions is meant."""
    parser.add_argument(
        "--base",
        type=pathlib.Path,
        metavar="FOLDER",
        help="the folder that TensorFlow Serving watches (default: that of the run that pushed "
        "last)",
    )
    parser.add_argument(
        "--runs", type=pathlib.Path, default=RUNS, help="folder of the runs (default: runs)"
    )


def base(options: argparse.Namespace) -> str:
    """Returns the folder of versions that the options mean.

    Raises:
        LookupError: No run pushed anything, and no folder was named.
        ValueError: The folder that was named is none.
    """
    if options.base is None:
        return base_of(records.find(options.runs, None, pushed=True))
    if not options.base.is_dir():
        raise ValueError(f"{options.base} is not a folder; versions are pushed into one by `run`.")
    return str(options.base.absolute())


def base_of(record: records.RunRecord) -> str:
    """Returns the folder of versions that a run pushed to."""
    return str(output_paths(pathlib.Path(record.output))["serving_base"])


def served_path(record: records.RunRecord) -> str:
    """Returns the path of the version that is served where a run pushed to, else its own."""
    from components.registry import versions

    base = base_of(record)
    version = versions.served(base)
    return versions.folder(base, version) if version is not None else record.pushed
