"""`movielens tune`: tries hyperparameters on `eval`, and says how to run with the best."""

import contextlib
import dataclasses
import json
import logging
import pathlib
import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.request import Request, check_data
from pipeline.cli.request_options import request_options

if TYPE_CHECKING:
    from pipeline.config import PipelineConfig, Settings, Tuning
    from pipeline.runs.progress import Lines
    from trainer.config import ModelConfig

FITS = ("split", "model")
TRIALS = 10
RESULTS = "tuner_results"
TRIALS_LOG = "trainer.tuning.trials"  # the logger of that module, which imports TensorFlow
NDCG, HIT, ERROR, EPOCHS = "val_ndcg@10", "val_hit@10", "val_ndcg@10 error", "epochs"


@click.command()
@request_options(
    "Any setting of split or model, which is then not tuned, e.g. model.window=100.",
    "trials and command",
    "fetch the preset's",
    withdraws=False,
)
@click.option(
    "--trials", type=click.IntRange(min=1), default=TRIALS, metavar="N", help="Models to train."
)
def tune(asked: Request, trials: int) -> None:
    """Trains models with other hyperparameters and ranks eval by each, never test.

    The first trial is the preset itself, with what a file of --config changes; the others are
    drawn by the seed. Trials are kept: the same command goes on where it was stopped, and a higher
    --trials adds to what is there. Ends with the table, and the command that runs with the best.
    """
    from pipeline.config import Tuning, output_paths
    from pipeline.runs import run_ids
    from pipeline.runs.progress import Lines, output_to
    from pipeline.runs.report import movielens
    from trainer.tuning.search_space import with_values

    asked.check_sections(FITS, "has no part in tuning")
    settings = asked.settings()
    fixed = fixed_fields(asked.texts)
    tried = search_space(settings, fixed)
    asked.check_span()
    terminal = asked.terminal()
    output = asked.output_folder()
    paths = output_paths(output, asked.definition.name)
    tuning = Tuning(str(paths["tuning"]), trials, fixed)
    data = asked.data_folder(output, terminal)
    check_data(data, asked.span, asked.definition, terminal)
    config = asked.pipeline_config(data, output, settings)
    with run_ids.reserve(paths["logs"]) as (run_id, log):
        terminal.line(f"Run {run_id}, logged to {log}")
        terminal.line("Tried, measured on eval:")
        for name, values in tried.items():
            terminal.line(f"  {name:16}{', '.join(map(str, values))}")
        terminal.line("Loading TFX …")
        with output_to(log, terminal.stream) as stream:
            made = _search(config, tuning, paths["metadata"], run_id, str(log), Lines(stream))
    ranked = best_first(made.trials)
    if not made.trained:
        terminal.line(f"All {len(ranked)} trials were there already; a higher --trials adds more.")
    best = with_values(settings.model, ranked[0]["values"])
    command = shlex.join([movielens(), *run_arguments(asked, best)])
    terminal.line(summary(ranked, command))
    if asked.as_json:
        print(json.dumps({"best": ranked[0]["values"], "command": command, "trials": ranked}))


def search_space(settings: "Settings", fixed: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Returns what is tried: values by field of the model.

    Args:
        settings: Where tuning starts.
        fixed: Fields of the model that are not tuned.

    Raises:
        ConfigurationError: There is nothing to try, or the model can't be tuned.
    """
    from pipeline.settings.errors import ConfigurationError
    from trainer.tuning.search_space import space

    try:
        return space(settings.model, fixed)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error


@dataclasses.dataclass(frozen=True)
class Made:
    """What came of the search."""

    trials: list[dict[str, Any]]
    """As the component wrote them."""

    trained: int
    """Models trained by this call."""


def _search(
    config: "PipelineConfig",
    tuning: "Tuning",
    metadata_path: pathlib.Path,
    run_id: str,
    log: str,
    terminal: "Lines",
) -> Made:
    """Runs the graph, with a line a component and a line a trial."""
    from components.training.tuner import TRIALS_FILE
    from pipeline import nodes
    from pipeline.graph import create_tuning
    from pipeline.runs import in_use, lineage, local_runner
    from pipeline.runs.recorded_run import fail

    running = ["The graph"]

    def start(node: str) -> None:
        running.append(node)
        if node != nodes.TUNER:  # it has lines of its own
            terminal.start(node)

    with in_use.by_a_run(metadata_path.parent), heard(terminal) as lines:
        try:
            local_runner.run(
                create_tuning(config, tuning), metadata_path, run_id, start, terminal.end
            )
        except Exception as error:  # a component may raise anything; it is named, and raised again
            fail(running[-1], error, log)
        results = lineage.outputs(metadata_path, run_id)[nodes.TUNER][RESULTS].uri
        trials = json.loads(pathlib.Path(results, TRIALS_FILE).read_text())
    return Made(trials, trained=sum(line.startswith("trial ") for line in lines))


@contextlib.contextmanager
def heard(terminal: "Lines") -> Iterator[list[str]]:
    """Shows people what the trials log, and yields the list of these lines."""
    lines: list[str] = []

    class Show(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())
            terminal.line(f"    {lines[-1]}")

    logger = logging.getLogger(TRIALS_LOG)
    handler = Show()
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)


def fixed_fields(settings: Sequence[str]) -> tuple[str, ...]:
    """Returns the fields of the model that settings such as "model.window=20" fix."""
    names = {setting.partition("=")[0] for setting in settings}
    return tuple(sorted(name.partition(".")[2] for name in names if name.startswith("model.")))


def best_first(trials: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the trials, numbered in the order they were made, the best on `eval` first.

    Those that diverged have no figures, and come last.
    """
    numbered = [{**trial, "number": number} for number, trial in enumerate(trials, start=1)]
    return sorted(numbered, key=lambda t: -t["metrics"].get(NDCG, -1.0))


def run_arguments(asked: Request, best: "ModelConfig") -> list[str]:
    """Returns the arguments of `movielens` that run the same data with another model.

    Args:
        asked: What `tune` was asked for.
        best: The model.
    """
    from components.ingestion import spans
    from pipeline.settings import changes

    arguments = ["run", "--preset", asked.preset.name]
    if asked.config:
        arguments += ["--config", str(asked.config)]
    if asked.data is not None:
        arguments += ["--data", asked.data]
    if asked.span != spans.NEWEST:
        arguments += ["--span", asked.span]
    if asked.as_of:
        arguments += ["--as-of", asked.as_of]
    if asked.output:
        arguments += ["--output", str(asked.output)]
    start = dataclasses.replace(asked, texts=()).settings()
    end = dataclasses.replace(asked.settings(), model=best)
    for section in FITS:
        for text in changes.texts(end, start, section):
            arguments += ["--set", text]
    return arguments


def summary(trials: Sequence[dict[str, Any]], command: str) -> str:
    """Returns the table of the trials, the best, and how to use it.

    Args:
        trials: The best first.
        command: What runs with the best.
    """
    from pipeline.runs import tables

    names = list(trials[0]["values"])
    rows = [("  trial", "ndcg@10", "hit@10", "epochs", *names)]
    for trial in trials:
        metrics = trial["metrics"]
        figures = ("diverged", "", "")
        if NDCG in metrics:
            figures = (f"{metrics[NDCG]:.4f}", f"{metrics[HIT]:.4f}", f"{metrics[EPOCHS]:.0f}")
        values = (str(trial["values"][name]) for name in names)
        rows.append((f"  {trial['number']}", *figures, *values))
    best = trials[0]["metrics"]
    return "\n".join(
        [
            "",
            "On eval, the best first (trial 1 is where it started from):",
            tables.columns(rows),
            "",
            f"The best is trial {trials[0]['number']}, ndcg@10 {best[NDCG]:.4f} with a standard "
            f"error of {best[ERROR]:.4f}; what is closer to it than that may be as good.",
            "Use it:",
            f"  {command}",
        ]
    )
