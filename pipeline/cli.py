"""The command line. Imports nothing heavy: `movielens --help` must not wait for TensorFlow."""

import argparse
import json
import os
import pathlib
import sys
import warnings
from collections.abc import Sequence

from pipeline import batch_command, presets, refresh_command, serving_command, tune_command
from pipeline.kubeflow import commands as kubeflow
from pipeline.serving import commands as serve

OK, FAILED, USAGE, NOT_BLESSED, INTERRUPTED = 0, 1, 2, 3, 130
RUNS = pathlib.Path("runs")
MENTIONED = 10


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
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2" if options.command is run_command else "3")
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
    from pipeline.fetch import fetch

    folder = fetch(options.dataset, options.to / options.dataset, print)
    print(f"MovieLens files are in {folder}")
    return OK


def run_command(options: argparse.Namespace) -> int:
    """Runs the pipeline."""
    from pipeline.run_command import run

    return run(options)


def recommend_command(options: argparse.Namespace) -> int:
    """Asks the bundle that is served."""
    from pipeline import tables

    if options.user is None and not options.history:
        raise ValueError("Say whom to recommend to: a USER, or --history ID,ID,…")
    if options.user is not None and options.history:
        raise ValueError("Give a USER or a --history, not both: a user's own history is known.")
    path = _bundle_path(options)
    from pipeline.recommendations import PushedBundle

    bundle = PushedBundle(path)
    if options.history:
        history = [movie_id.strip() for movie_id in options.history.split(",")]
        unknown = bundle.unknown_movies(history)
        if unknown:
            raise ValueError(f"Not in the catalogue: {', '.join(unknown)}.")
        answer = bundle.for_history(history, options.k)
    else:
        answer = bundle.for_user(options.user, options.k)
    if options.json:
        print(
            json.dumps(
                {
                    "user": options.user,
                    "known_user": answer.known_user,
                    "bundle": path,
                    "recommendations": [
                        {"movie_id": i, "title": t, "score": s} for i, t, s in answer.movies
                    ],
                }
            )
        )
    else:
        who = "this history" if options.history else f"user {options.user}"
        print(tables.recommendations(who, answer.known_user, answer.movies))
    return OK


def similar_command(options: argparse.Namespace) -> int:
    """Shows the neighbours of a movie."""
    from pipeline import tables

    path = _bundle_path(options)
    from pipeline.recommendations import PushedBundle

    bundle = PushedBundle(path)
    found = bundle.movies_called(options.movie)
    if not found:
        raise ValueError(f"No movie is called {options.movie!r} and none has that id.")
    if len(found) > 1:
        listed = "\n".join(f"  {movie_id}  {title}" for movie_id, title in found[:MENTIONED])
        more = f"\n  and {len(found) - MENTIONED} more" if len(found) > MENTIONED else ""
        raise ValueError(
            f"{len(found)} movies match {options.movie!r}; name an id:\n{listed}{more}"
        )
    ((movie_id, title),) = found
    movies = bundle.similar(movie_id, options.k)
    if options.json:
        neighbours = [{"movie_id": i, "title": t, "cosine": s} for i, t, s in movies]
        print(json.dumps({"movie_id": movie_id, "title": title, "similar": neighbours}))
    else:
        print(f"Similar to {title}, by the cosine of their vectors:")
        print(tables.columns([(f"  {i}", t, f"{s:.3f}") for i, t, s in movies]))
    return OK


def _bundle_path(options: argparse.Namespace) -> str:
    """Returns the bundle to ask: a named one, that of a named run, or the one that is served."""
    from pipeline import run_records, serving_options

    if not 1 <= options.k <= 100:
        raise ValueError(f"-k must be from 1 to 100, got {options.k}.")
    path = options.bundle
    if not path:
        record = run_records.find(options.runs, options.run, pushed=True)
        path = record.pushed if options.run else serving_options.served_path(record)
    if not os.path.isdir(path):
        raise ValueError(
            f"No bundle at {path!r}: was it removed? `movielens run` pushes a new one."
        )
    return path


def metrics_command(options: argparse.Namespace) -> int:
    """Shows the test metrics of a run."""
    from pipeline import run_records, tables

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

    from pipeline import run_records, tables

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
        "--to", type=pathlib.Path, default=RUNS / "data", help="folder (default: runs/data)"
    )
    fetch.set_defaults(command=fetch_command)

    listing = "\n".join(f"  {name:16}{preset.summary}" for name, preset in presets.PRESETS.items())
    run = commands.add_parser(
        "run",
        help="run the whole pipeline",
        description="Runs the whole pipeline on this machine and pushes the bundle if it is "
        "blessed.\nExit status: 0 pushed, 3 not blessed, 1 failed, 130 interrupted.\n\n"
        f"presets:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument("--preset", default=presets.DEFAULT, help=f"default: {presets.DEFAULT}")
    run.add_argument(
        "--data", type=pathlib.Path, help="folder in GroupLens layout (default: fetch the preset's)"
    )
    run.add_argument(
        "--output", type=pathlib.Path, help="folder of everything (default: runs/PRESET)"
    )
    run.add_argument("--epochs", type=int, help="same as --set model.epochs=N")
    run.add_argument("--seed", type=int, help="same as --set model.seed=N")
    run.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.NAME=VALUE",
        help="any field of split, model, gates or serving, e.g. model.embedding_dim=32; repeatable",
    )
    run.add_argument(
        "--withdraw", metavar="ID,ID,…", help="movies that must not be recommended, though rated"
    )
    run.add_argument(
        "--json", action="store_true", help="print the run's record as JSON at the end"
    )
    run.set_defaults(command=run_command)

    recommend = commands.add_parser(
        "recommend",
        help="ask the served bundle",
        description="Recommends movies to a user by the bundle that is served.",
    )
    recommend.add_argument("user", nargs="?", metavar="USER", help="user id of the data set")
    recommend.add_argument(
        "--history", metavar="ID,ID,…", help="movie ids somebody saw, oldest first, instead of USER"
    )
    _of_a_bundle(recommend)
    recommend.set_defaults(command=recommend_command)

    similar = commands.add_parser(
        "similar",
        help="show the neighbours of a movie",
        description="Shows the movies whose vectors are nearest to one's, in the bundle that is "
        "served: a look at whether the model makes sense.",
    )
    similar.add_argument("movie", metavar="MOVIE", help='id, title or a part of it: "Toy Story"')
    _of_a_bundle(similar)
    similar.set_defaults(command=similar_command)

    metrics = commands.add_parser(
        "metrics",
        help="show test metrics beside the baselines",
        description="Shows the test metrics of a run beside popular and recently popular.",
    )
    metrics.add_argument("run", nargs="?", metavar="RUN", help="default: the last evaluated")
    metrics.add_argument("--slices", action="store_true", help="also hit@10 by slice")
    _of_a_run(metrics, None)
    metrics.set_defaults(command=metrics_command)

    runs = commands.add_parser(
        "runs", help="list runs", description="Lists what ran, when, and what was pushed."
    )
    _of_a_run(runs, None)
    runs.set_defaults(command=runs_command)
    for more in (tune_command, refresh_command, serving_command, batch_command, serve, kubeflow):
        more.add_to(commands)
    return parser


def _of_a_bundle(parser: argparse.ArgumentParser) -> None:
    """Adds the options of commands that ask a pushed bundle."""
    parser.add_argument("-k", type=int, default=10, help="how many (default 10, at most 100)")
    parser.add_argument("--bundle", help="path of a version (default: the one that is served)")
    _of_a_run(parser, "run whose bundle is asked (default: what is served)")


def _of_a_run(parser: argparse.ArgumentParser, run_help: str | None) -> None:
    """Adds the options of commands that look at earlier runs."""
    if run_help:
        parser.add_argument("--run", metavar="RUN", help=run_help)
    parser.add_argument(
        "--runs", type=pathlib.Path, default=RUNS, help="folder of the runs (default: runs)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


if __name__ == "__main__":
    sys.exit(main())
