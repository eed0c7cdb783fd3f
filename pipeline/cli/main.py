"""The command line. Imports nothing heavy: `movielens --help` must not wait for TensorFlow."""

import argparse
import json
import os
import pathlib
import sys
import warnings
from collections.abc import Sequence

from pipeline.cli import ask, batch, kubeflow, refresh, run, serve, serving, tune
from pipeline.runs import records as run_records

OK, FAILED, USAGE, NOT_BLESSED, INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        arguments: By default those of the process.

    Returns:
        Exit status: 0 done, 1 failed, 2 misused, 3 not blessed, 130 interrupted.
    """
    options = _parser().parse_args(arguments)
    # Both are read when TensorFlow is first imported. TFRS and Transform's layer need Keras 2; and
    # without a GPU TensorFlow logs errors about it, which only a log file should hold.
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    os.environ.setdefault(
        "TF_CPP_MIN_LOG_LEVEL", "2" if options.command is run.run_command else "3"
    )
    warnings.simplefilter("ignore", FutureWarning)  # Google's libraries, of Python 3.10's age
    try:
        return options.command(options)
    except KeyboardInterrupt:
        print("Interrupted. Run the same command again: what was finished is reused.")
        return INTERRUPTED
    except BrokenPipeError:  # of `movielens … | head`: nobody reads on, nor what Python flushes
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (ValueError, LookupError, OSError) as error:
        message = error.args[0] if isinstance(error, LookupError) and error.args else error
        print(f"movielens: {message}", file=sys.stderr)
        return FAILED


def fetch_command(options: argparse.Namespace) -> int:
    """Fetches a release."""
    from pipeline.datasets.fetch import fetch

    folder = fetch(options.dataset, options.to / options.dataset, print)
    print(f"MovieLens files are in {folder}")
    return OK


def metrics_command(options: argparse.Namespace) -> int:
    """Shows the test metrics of a run."""
    from pipeline.runs import tables

    record = run_records.find(options.runs, options.run)
    if options.json:
        print(json.dumps(record.metrics if options.slices else record.metrics[""]))
        return OK
    print(f"Run {record.run_id} ({record.preset}): {record.status}, measured on test")
    print(tables.metric_table(record.metrics[""]))
    if options.slices:
        print(tables.slice_table(record.metrics))
    return OK


def runs_command(options: argparse.Namespace) -> int:
    """Lists the runs."""
    import dataclasses

    from pipeline.runs import tables

    records = run_records.read_all(options.runs)
    if options.json:
        print(json.dumps([dataclasses.asdict(record) for record in records]))
    elif records:
        print(tables.run_table(records))
    else:
        print(f"No run under {options.runs} yet; start one with `movielens run`.")
    return OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="movielens",
        description="From MovieLens files to a two-tower recommender that TensorFlow Serving "
        "can serve: ingest, check, transform, train, evaluate, bless, push.",
        epilog="Begin with `movielens run`, then `movielens recommend 42`.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    fetch = commands.add_parser(
        "fetch", help="get a MovieLens release", description="Gets a release, checked by hash."
    )
    fetch.add_argument("dataset", nargs="?", default="ml-100k", help="ml-100k (default), ml-1m, …")
    fetch.add_argument(
        "--to",
        type=pathlib.Path,
        default=run_records.RUNS / "data",
        help="folder (default: runs/data)",
    )
    fetch.set_defaults(command=fetch_command)

    run.add_to(commands)
    ask.add_to(commands)

    metrics = commands.add_parser(
        "metrics",
        help="show test metrics beside the baselines",
        description="Shows the test metrics of a run beside popular and recently popular.",
    )
    metrics.add_argument("run", nargs="?", metavar="RUN", help="default: the last evaluated")
    metrics.add_argument("--slices", action="store_true", help="also hit@10 by slice")
    run_records.add_options(metrics)
    metrics.set_defaults(command=metrics_command)

    runs = commands.add_parser(
        "runs", help="list runs", description="Lists what ran, when, and what was pushed."
    )
    run_records.add_options(runs)
    runs.set_defaults(command=runs_command)
    for more in (tune, refresh, serving, batch, serve, kubeflow):
        more.add_to(commands)
    return parser
