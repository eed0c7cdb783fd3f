"""`movielens recommend` and `similar`: ask a pushed bundle, as a look at what it answers."""

import json
import os
import pathlib
from collections.abc import Callable
from typing import Any

import click

from pipeline.cli import values
from pipeline.cli.versions import json_option, runs_option, served_path

LISTED = 10

count_option = click.option(
    "-k", "count", type=click.IntRange(1, 100), default=10, metavar="N", help="How many, up to 100."
)


def _of_a_bundle(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of commands that ask a pushed bundle."""
    for option in (
        json_option,
        runs_option,
        click.option("--run", help="Run whose bundle is asked.  [default: what is served]"),
        click.option(
            "--bundle", metavar="PATH", help="Path of a version.  [default: the one that is served]"
        ),
        count_option,
    ):
        command = option(command)
    return command


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of a filter."""
    for option in (
        click.option(
            "--forbid",
            multiple=True,
            metavar="TERM",
            help="Leave out items that meet TERM, such as 'year<1980'. Repeatable.",
        ),
        click.option(
            "--require",
            multiple=True,
            metavar="TERM",
            help="Only items that meet TERM: a feature marked `filter: true`, one of = < <= > >=, "
            "a value, such as genres=Comedy. Repeatable: values of one feature are alternatives.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("user", required=False)
@click.option(
    "--history", type=values.IDS, help="Item ids somebody saw, oldest first, instead of USER."
)
@click.option(
    "--at",
    "request_time",
    type=values.MOMENT,
    help="When USER asks: now, or a time in UTC. It counts where the model was trained with "
    "model.request_time.  [default: not known]",
)
@filter_options
@_of_a_bundle
def recommend(
    user: str | None,
    history: tuple[str, ...] | None,
    request_time: int | None,
    require: tuple[str, ...],
    forbid: tuple[str, ...],
    count: int,
    bundle: str | None,
    run: str | None,
    runs: pathlib.Path,
    as_json: bool,
) -> None:
    """Recommends items to USER, an id of the data set, by the bundle that is served."""
    from pipeline.runs import tables

    if user is None and not history:
        raise click.UsageError("Say whom to recommend to: a USER, or --history ID,ID,…")
    if user is not None and history:
        raise click.UsageError("Give a USER or a --history, not both: a user's history is known.")
    if history and request_time is not None:
        raise click.UsageError("--at needs a USER: of the items of --history no time is known.")
    path = _bundle_path(bundle, run, runs)
    from pipeline.inference.pushed_bundle import PushedBundle

    asked = PushedBundle(path)
    if history:
        unknown = asked.unknown_items(list(history))
        if unknown:
            raise ValueError(f"Not in the catalogue: {', '.join(unknown)}.")
        answer = asked.for_history(list(history), count, require, forbid)
    else:
        answer = asked.for_user(str(user), count, request_time or 0, require, forbid)
    if answer.clock_skew:
        early = f"--at is {answer.clock_skew:,} s before user {user}'s latest event"
        click.echo(f"{early}: answered as at the time of that event.", err=True)
    if as_json:
        items = [{"item_id": i, "title": t, "score": s} for i, t, s in answer.items]
        told: dict[str, Any] = {"user": user, "known_user": answer.known_user, "bundle": path}
        if answer.filtered is not None:
            told["filtered"] = answer.filtered
        print(json.dumps({**told, "recommendations": items}))
    else:
        who = "this history" if history else f"user {user}"
        item = asked.definition.item
        print(tables.recommendations(who, answer.known_user, answer.items, item.noun))
        if answer.filtered is not None:
            print(f"\n{answer.filtered:,} {item.nouns} do not pass the filter.")


@click.command()
@click.argument("item")
@_of_a_bundle
def similar(
    item: str,
    count: int,
    bundle: str | None,
    run: str | None,
    runs: pathlib.Path,
    as_json: bool,
) -> None:
    """Shows the items whose vectors are nearest to ITEM's, in the bundle that is served.

    A look at whether the model makes sense. ITEM is an id, a title or a part of it: "Toy Story".
    """
    from pipeline.runs import tables

    path = _bundle_path(bundle, run, runs)
    from pipeline.inference.pushed_bundle import PushedBundle

    asked = PushedBundle(path)
    matches = asked.items_called(item)
    if not matches:
        noun = asked.definition.item.noun
        raise ValueError(f"No {noun} is called {item!r} and none has that id.")
    if len(matches) > 1:
        listed = "\n".join(f"  {item_id}  {title}" for item_id, title in matches[:LISTED])
        more = f"\n  and {len(matches) - LISTED} more" if len(matches) > LISTED else ""
        nouns = asked.definition.item.nouns
        raise ValueError(f"{len(matches)} {nouns} match {item!r}; name an id:\n{listed}{more}")
    ((item_id, title),) = matches
    items = asked.similar(item_id, count)
    if as_json:
        neighbours = [{"item_id": i, "title": t, "cosine": s} for i, t, s in items]
        print(json.dumps({"item_id": item_id, "title": title, "similar": neighbours}))
    else:
        print(f"Similar to {title}, by the cosine of their vectors:")
        print(tables.columns([(f"  {i}", t, f"{s:.3f}") for i, t, s in items]))


def _bundle_path(bundle: str | None, run: str | None, runs: pathlib.Path) -> str:
    """Returns the bundle to ask: a named one, that of a named run, or the one that is served."""
    from pipeline.runs import records

    path = bundle
    if not path:
        record = records.find(runs, run, pushed=True)
        path = record.pushed if run else served_path(record)
    if not os.path.isdir(path):
        raise ValueError(
            f"No bundle at {path!r}: was it removed? `movielens run` pushes a new one."
        )
    return path
