"""`movielens recommend` and `similar`: ask a pushed bundle, as a look at what it answers."""

import argparse
import json
import os
from typing import Any

from pipeline.runs import records

OK = 0
MENTIONED = 10


def add_to(commands: Any) -> None:
    """Adds the commands to the command line."""
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


def recommend_command(options: argparse.Namespace) -> int:
    """Asks the bundle that is served."""
    from pipeline.runs import tables

    if options.user is None and not options.history:
        raise ValueError("Say whom to recommend to: a USER, or --history ID,ID,…")
    if options.user is not None and options.history:
        raise ValueError("Give a USER or a --history, not both: a user's own history is known.")
    path = _bundle_path(options)
    from pipeline.inference.pushed_bundle import PushedBundle

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
    from pipeline.runs import tables

    path = _bundle_path(options)
    from pipeline.inference.pushed_bundle import PushedBundle

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
    from pipeline.cli import serving_options

    if not 1 <= options.k <= 100:
        raise ValueError(f"-k must be from 1 to 100, got {options.k}.")
    path = options.bundle
    if not path:
        record = records.find(options.runs, options.run, pushed=True)
        path = record.pushed if options.run else serving_options.served_path(record)
    if not os.path.isdir(path):
        raise ValueError(
            f"No bundle at {path!r}: was it removed? `movielens run` pushes a new one."
        )
    return path


def _of_a_bundle(parser: argparse.ArgumentParser) -> None:
    """Adds the options of commands that ask a pushed bundle."""
    parser.add_argument("-k", type=int, default=10, help="how many (default 10, at most 100)")
    parser.add_argument("--bundle", help="path of a version (default: the one that is served)")
    parser.add_argument(
        "--run", metavar="RUN", help="run whose bundle is asked (default: what is served)"
    )
    records.add_options(parser)
