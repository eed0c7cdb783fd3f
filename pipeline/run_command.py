"""`movielens run`: prepares, runs the graph with a line a component, and tells what came of it."""

import argparse
import dataclasses
import json
import os
import pathlib
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

from pipeline import presets, tables
from pipeline.config import PipelineConfig, output_paths
from pipeline.progress import Lines, output_to
from pipeline.run_records import (
    BLESSED,
    FAILED,
    INTERRUPTED,
    NOT_BLESSED,
    RunRecord,
    new_run_id,
)

EXIT = {BLESSED: 0, NOT_BLESSED: 3}
SHOWN = 10


class ComponentError(ValueError):
    """A component failed; the message says which, why, and where the whole trace is."""


def run(options: argparse.Namespace) -> int:
    """Runs the pipeline as the options say.

    Returns:
        Exit status: 0 blessed and there to be served, 3 not blessed.

    Raises:
        ComponentError: A component failed.
        ValueError: An option, the data or a folder is not usable.
    """
    say = Lines(sys.stderr if options.json else sys.stdout)
    preset = _preset(options)
    output = (options.output or pathlib.Path("runs") / options.preset).absolute()
    check_writable(output)
    data = data_folder(options, preset, output, say)
    paths = output_paths(output)
    config = PipelineConfig(
        name=f"movielens-{options.preset}",
        data=str(data),
        pipeline_root=str(paths["pipeline_root"]),
        serving_base=str(paths["serving_base"]),
        split=preset.split,
        model=preset.model,
        gates=preset.gates,
        serving=preset.serving,
        withdrawn=withdrawn(options),
    )
    record = run_and_record(config, options.preset, paths, say, _whole_graph)
    return tell(record, options, say)


def tell(record: RunRecord, options: argparse.Namespace, say: Lines) -> int:
    """Says what came of a run, and returns the exit status."""
    say.line(summary(record))
    if record.pushed:
        say.line(sample(record))
    say.line(next_commands(record, options.output))
    if options.json:
        print(json.dumps(dataclasses.asdict(record)))
    return EXIT[record.status]


def _whole_graph(config: PipelineConfig) -> Any:
    """Makes the graph; imports TFX only here, where what it prints goes to the log."""
    from pipeline.graph import create_pipeline

    return create_pipeline(config)


def run_and_record(
    config: PipelineConfig,
    preset: str,
    paths: dict[str, pathlib.Path],
    say: Lines,
    create: Callable[[PipelineConfig], Any],
) -> RunRecord:
    """Runs a graph, and writes the run's record however it ends.

    Args:
        config: What the run does.
        preset: Where it started from, for the record.
        paths: What `output_paths` returned.
        say: Where people look.
        create: Makes the graph of the configuration.

    Raises:
        ComponentError: A component failed.
    """
    run_id = new_run_id()
    log = paths["logs"] / f"{run_id}.log"
    record = RunRecord(run_id, preset, config.data, str(paths["records"].parent), str(log))
    record.write(paths["records"])
    say.line(f"Run {run_id}, logged to {log}\nLoading TFX …")
    began = time.monotonic()
    try:
        with output_to(log, say.stream) as terminal:
            _run_graph(config, create, record, paths["metadata"], Lines(terminal))
    except KeyboardInterrupt:
        record.status = INTERRUPTED
        raise
    except Exception as error:  # noted, and raised again
        record.status, record.reasons = FAILED, [str(error)]
        raise
    finally:
        record.seconds = round(time.monotonic() - began, 1)
        record.cpu_seconds = round(cpu_seconds(), 1)
        _write_at_the_end(record, paths["records"], say)
    return record


def _write_at_the_end(record: RunRecord, folder: pathlib.Path, say: Lines) -> None:
    """Writes the record; if it can't, that must not hide why the run itself failed.

    Raises:
        OSError: It can't be written, and nothing else failed.
    """
    try:
        record.write(folder)
    except OSError as error:
        if record.status in EXIT:
            raise
        say.line(f"The run's record could not be written: {error}")


def _run_graph(
    config: PipelineConfig,
    create: Callable[[PipelineConfig], Any],
    record: RunRecord,
    metadata_path: pathlib.Path,
    terminal: Lines,
) -> None:
    """Runs the graph and fills the record with what it made."""
    from components import registry
    from components.atomic_pusher import DESTINATION, SAME_AS
    from pipeline import lineage, local_run, verdict
    from pipeline.graph import OUTSIDE_WORLD

    running = ["The graph"]
    used = [0.0]

    def start(node: str) -> None:
        running.append(node)
        used.append(cpu_seconds())
        terminal.start(node)

    def end(node: str, seconds: float, cached: bool) -> None:
        record.components[node] = {
            "seconds": round(seconds, 2),
            "cpu_seconds": round(cpu_seconds() - used[-1], 2),
            "cached": cached,
        }
        terminal.end(node, seconds, cached)

    try:
        local_run.run(create(config), metadata_path, record.run_id, start, end, OUTSIDE_WORLD)
    except Exception as error:  # a component may raise anything; it is named, and raised again
        fail(running[-1], error, record.log)
    made = lineage.outputs(metadata_path, record.run_id)
    found = verdict.read(made["Evaluator"]["evaluation"].uri)
    record.metrics, record.reasons = found.metrics, list(found.reasons)
    record.status = BLESSED if found.blessed else NOT_BLESSED
    pushed = made["Pusher"]["pushed_model"].custom_properties
    record.pushed = pushed[DESTINATION].string_value
    record.same_as = pushed[SAME_AS].string_value
    version = registry.served(config.serving_base)
    record.served = registry.folder(config.serving_base, version) if version is not None else ""


def fail(node: str, error: Exception, log: str) -> NoReturn:
    """Raises a component's error again, with its name and where the trace is.

    Raises:
        ComponentError: Always.
    """
    traceback.print_exc()
    raise ComponentError(f"{node} failed: {error}\nThe whole trace is in {log}") from error


def summary(record: RunRecord) -> str:
    """Returns what came of a run, for people."""
    lines = [
        "",
        f"{record.seconds:.0f} s, {record.cpu_seconds:.0f} CPU s",
        "",
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
            lines.append(
                f"Served is {record.served}, which is labelled stable; "
                f"`movielens serving promote {os.path.basename(there)}` changes that."
            )
    else:
        lines.append("NOT BLESSED, nothing was pushed:")
        lines += [f"  {reason}" for reason in record.reasons]
    return "\n".join(lines)


def sample(record: RunRecord) -> str:
    """Returns what the pushed bundle recommends to a known user and to an unknown one."""
    with output_to(pathlib.Path(record.log)):
        from pipeline.recommendations import PushedBundle

        bundle = PushedBundle(record.pushed)
        answers = [(user, bundle.for_user(user, SHOWN)) for user in (bundle.any_user(), "nobody")]
    return "\n".join(
        tables.recommendations(f"user {user}", answer.known_user, answer.movies)
        for user, answer in answers
    )


def next_commands(record: RunRecord, output: pathlib.Path | None) -> str:
    """Returns what to type next, with the command as it was typed.

    Args:
        record: The run.
        output: The output folder, if it is not the usual one: the commands then need its name.
    """
    command = movielens()
    where = f" --runs {output}" if output else ""
    tensorboard = os.path.join(os.path.dirname(command), "tensorboard")
    rows = [
        (f"{command} recommend 42{where}", "ask the bundle that is served"),
        (f"{command} recommend --history 50,181{where}", "… for somebody who saw these movies"),
        (f"{command} metrics --slices{where}", "the metrics again, by slice"),
        (f"{command} runs{where}", "what ran, and what was pushed"),
        (
            f"{tensorboard} --logdir {os.path.relpath(record.output)}/artifacts/TwoTowerTrainer",
            "how training went",
        ),
    ]
    shown = rows if record.pushed else rows[2:]
    return "\nNext:\n" + tables.columns([(f"  {typed}", does) for typed, does in shown])


def movielens() -> str:
    """Returns how this program is called from the folder where it was called."""
    return "movielens" if shutil.which("movielens") else os.path.relpath(sys.argv[0])


def cpu_seconds() -> float:
    """Returns the CPU seconds of this process and of its children that ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def check_writable(folder: pathlib.Path) -> None:
    """Makes a folder, and checks that files can be written into it.

    Raises:
        ValueError: They can't; the message says why.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ValueError(
            f"Can't write to the output folder {folder} ({error.strerror}); "
            "choose another with --output."
        ) from error


def withdrawn(options: argparse.Namespace) -> tuple[str, ...]:
    """Returns the ids of movies that the command line withdraws."""
    return tuple(movie_id.strip() for movie_id in (options.withdraw or "").split(",") if movie_id)


def _preset(options: argparse.Namespace) -> presets.Preset:
    shortcuts = {"model.epochs": options.epochs, "model.seed": options.seed}
    settings = [f"{name}={value}" for name, value in shortcuts.items() if value is not None]
    return presets.with_settings(presets.find(options.preset), settings + options.set)


def data_folder(
    options: argparse.Namespace, preset: presets.Preset, output: pathlib.Path, say: Lines
) -> pathlib.Path:
    """Returns the folder of the MovieLens files, fetched if none was named.

    Raises:
        ValueError: It is no release of a known layout.
    """
    from components.grouplens import layout

    if options.data is None:
        from pipeline.fetch import fetch

        home = output if options.output else output.parent
        folder = fetch(preset.dataset, home / "data" / preset.dataset, say.line)
    else:
        folder = options.data.absolute()
    say.line(f"{folder}: {layout.detect(folder).name} layout")
    return folder
