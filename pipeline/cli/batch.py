"""`movielens batch`: recommendations for every user, as a Parquet file."""

import argparse
import pathlib
from typing import Any

from pipeline.cli import serving_options


def add_to(commands: Any) -> None:
    """Adds the command to the command line."""
    batch = commands.add_parser(
        "batch",
        help="recommendations for every user, as a Parquet file",
        description="Asks the served bundle for every user it knows, through Beam, and writes one "
        "row a recommendation, in order of user id and rank.",
    )
    batch.add_argument(
        "--out", type=pathlib.Path, required=True, metavar="FILE", help="such as recs.parquet"
    )
    batch.add_argument("-k", type=int, default=10, help="movies a user (default 10)")
    batch.add_argument("--version", type=int, help="version to ask (default: the served one)")
    serving_options.add_to(batch)
    batch.set_defaults(command=batch_command)


def batch_command(options: argparse.Namespace) -> int:
    """Writes the file."""
    from components.registry import versions
    from pipeline.inference import batch

    base = serving_options.base(options)
    version = options.version if options.version is not None else versions.served(base)
    if version is None:
        raise LookupError(f"Nothing is served from {base} yet; start with `movielens run`.")
    users, rows = batch.write(versions.folder(base, version), version, options.out, options.k)
    print(f"{rows:,} recommendations for {users:,} users by version {version}: {options.out}")
    return 0
