"""What came of a run: for people, for programs, and as an exit status."""

import dataclasses
import json
import os
import pathlib
import shlex
import shutil
import sys

from pipeline.config import FAIL, WARN
from pipeline.runs import tables, tensorboard_folder
from pipeline.runs.progress import Lines, output_to
from pipeline.runs.records import BLESSED, NOT_BLESSED, RunRecord
from transform import features

EXIT = {BLESSED: 0, NOT_BLESSED: 3}
SHOWN = 10


def tell(
    record: RunRecord,
    terminal: Lines,
    as_json: bool,
    output: pathlib.Path | None,
    on_failure: str = FAIL,
) -> int:
    """Says what came of a run.

    Programs are spared the sample of what the bundle recommends: it must be loaded for that.

    Args:
        record: The run.
        terminal: What people look at.
        as_json: Whether to print the record for a program, too.
        output: The output folder, if it is not the usual one.
        on_failure: Whether not to be blessed is an exit status of its own: `FAIL` or `WARN`.

    Returns:
        The exit status.
    """
    terminal.line(summary(record))
    user, history = "USER", "ID,ID"
    if record.pushed and not as_json:
        text, user, history = sample(record)
        terminal.line(text)
    terminal.line(next_commands(record, output, user, history))
    if as_json:
        print(json.dumps(dataclasses.asdict(record)))
    if record.status == NOT_BLESSED and on_failure == WARN:
        return EXIT[BLESSED]
    return EXIT[record.status]


def summary(record: RunRecord) -> str:
    """Returns what came of a run, for people."""
    lines = [
        "",
        f"{record.seconds:.0f} s, {record.cpu_seconds:.0f} CPU s, {record.gigabytes:.1f} GB",
        "",
        *_of_the_moment(record),
        "On test, ranked among the whole catalogue:",
        tables.metric_table(record.metrics[""]),
        "",
    ]
    if record.status == BLESSED:
        lines.append("Blessed: every threshold held.")
        if record.pushed:
            lines[-1] += f" Pushed to {record.pushed}"
        else:
            lines.append(f"Nothing was pushed, for the same bundle is there: {record.same_as}")
        there = record.pushed or record.same_as
        if there != record.served:
            labelled = f", which is labelled {record.label}" if record.label else ""
            base, version = map(shlex.quote, os.path.split(there))
            lines.append(
                f"Served is {record.served}{labelled}. To change that:\n"
                f"  {movielens()} serving promote {version} --base {base} --no-server\n"
                "or, where a server runs, with --server URL."
            )
    else:
        lines.append("NOT BLESSED, nothing was pushed:")
        lines += [f"  {reason}" for reason in record.reasons]
    return "\n".join(lines)


def _of_the_moment(record: RunRecord) -> list[str]:
    """Returns how many events were too late, where a moment was stated."""
    if not record.as_of:
        return []
    late = record.counts[features.SET_ASIDE]
    return [f"As of {record.as_of}: {late:,} later events were set aside.", ""]


def sample(record: RunRecord) -> tuple[str, str, str]:
    """Asks the pushed bundle for a known user and for an unknown one.

    Returns:
        What it recommends, the id of the known user, and two ids of items with a comma between
        them.
    """
    with output_to(pathlib.Path(record.log)):
        from pipeline.inference.pushed_bundle import PushedBundle

        bundle = PushedBundle(record.pushed)
        noun = bundle.definition.item.noun
        known = bundle.any_user()
        answers = [(user, bundle.for_user(user, SHOWN)) for user in (known, "nobody")]
    text = "\n".join(
        tables.recommendations(f"user {user}", answer.known_user, answer.items, noun)
        for user, answer in answers
    )
    return text, known, ",".join(item.item_id for item in answers[1][1].items[:2])


def next_commands(
    record: RunRecord, output: pathlib.Path | None, user: str = "USER", history: str = "ID,ID"
) -> str:
    """Returns what to type next, with the command as it was typed, for the data set of the run.

    Args:
        record: The run.
        output: The output folder as it was typed, if it was.
        user: Id of a user.
        history: Ids of items, with a comma between them.
    """
    command = movielens()
    where = f" --runs {shlex.quote(str(output or _from_here(record.output)))}"
    tensorboard = os.path.join(os.path.dirname(command), "tensorboard")
    training = os.path.join(record.output, tensorboard_folder.NAME)
    rows = [
        (f"{command} recommend {shlex.quote(user)}{where}", "ask the bundle that is served"),
        (
            f"{command} recommend --history {shlex.quote(history)}{where}",
            f"… by these {record.nouns}",
        ),
        (f"{command} metrics --slices{where}", "the metrics again, by slice"),
        (f"{command} runs{where}", "what ran, and what was pushed"),
    ]
    if os.path.isdir(training):  # a refresh has none, unless a run was here
        rows.append(
            (
                f"{tensorboard} --logdir {shlex.quote(os.path.relpath(training))}",
                "how training went",
            )
        )
    shown = rows if record.pushed else rows[2:]
    return "\nNext:\n" + tables.columns([(f"  {typed}", does) for typed, does in shown])


def _from_here(path: str) -> str:
    """Returns a path as it is typed here: relative if it lies under this folder."""
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative


def movielens() -> str:
    """Returns how this program is called from the folder where it was called."""
    return "movielens" if shutil.which("movielens") else os.path.relpath(sys.argv[0])
