"""`movielens tune`: tries hyperparameters on `eval`, and says how to run with the best."""

import argparse
import contextlib
import dataclasses
import json
import logging
import pathlib
import shlex
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from components.ingestion import spans
from pipeline import presets
from pipeline.cli import data_options, run_options
from pipeline.config import PipelineConfig, Tuning, output_paths
from pipeline.runs import tables
from pipeline.runs.progress import Lines, output_to
from pipeline.runs.records import new_run_id
from trainer.config import ModelConfig
from trainer.tuning.search_space import space, with_values

FITS = ("split", "model")
TRIALS = 10
NODE = "TwoTowerTuner"
RESULTS = "tuner_results"
TRIALS_LOG = "trainer.tuning.trials"  # the logger of that module, which imports TensorFlow
NDCG, HIT, ERROR, EPOCHS = "val_ndcg@10", "val_hit@10", "val_ndcg@10 error", "epochs"


def add_to(commands: Any) -> None:
    """Adds the command to the command line."""
    tune = commands.add_parser(
        "tune",
        help="look for better hyperparameters",
        description="Trains models with other hyperparameters and ranks eval by each, never test. "
        "The first trial is the preset itself, the others are drawn by the seed. Trials are kept: "
        "the same command goes on where it was stopped, and a higher --trials adds to what is "
        "there. Ends with the table, and the command that runs with the best.",
    )
    run_options.add_to(
        tune,
        "any field of split or model, which is then not tuned, e.g. model.window=100",
        "trials and command",
    )
    data_options.add_source_to(tune, "fetch the preset's")
    tune.add_argument(
        "--trials", type=int, default=TRIALS, help=f"models to train (default: {TRIALS})"
    )
    tune.set_defaults(command=tune_command)


def tune_command(options: argparse.Namespace) -> int:
    """Tunes as the options say.

    Returns:
        Exit status: 0.

    Raises:
        ComponentError: A component failed.
        ValueError: An option, the data or a folder is not usable.
    """
    from pipeline.runs.report import movielens

    say = Lines(sys.stderr if options.json else sys.stdout)
    for setting in options.set:
        if setting.split(".")[0] not in FITS:
            raise ValueError(f"{setting!r} has no part in tuning; it takes {' and '.join(FITS)}.")
    preset = presets.with_settings(presets.find(options.preset), options.set)
    fixed = fixed_fields(options.set)
    tried = space(preset.model, fixed)
    output = run_options.output_folder(options)
    paths = output_paths(output)
    tuning = Tuning(str(paths["tuning"]), options.trials, fixed)
    data = data_options.folder(options, preset, output, say)
    data_options.check(data, options.span, say)
    config = PipelineConfig(
        name=f"movielens-{options.preset}",
        data=str(data),
        span=options.span,
        pipeline_root=str(paths["pipeline_root"]),
        serving_base=str(paths["serving_base"]),
        split=preset.split,
        model=preset.model,
    )
    run_id = new_run_id()
    log = paths["logs"] / f"{run_id}.log"
    say.line(f"Run {run_id}, logged to {log}")
    say.line("Tried, measured on eval:")
    for name, values in tried.items():
        say.line(f"  {name:16}{', '.join(map(str, values))}")
    say.line("Loading TFX …")
    with output_to(log, say.stream) as terminal:
        made = _search(config, tuning, paths["metadata"], run_id, str(log), Lines(terminal))
    found = best_first(made.trials)
    if not made.trained:
        say.line(f"All {len(found)} trials were there already; a higher --trials adds to them.")
    best = with_values(preset.model, found[0]["values"])
    command = shlex.join([movielens(), *run_arguments(options, best)])
    say.line(summary(found, command))
    if options.json:
        print(json.dumps({"best": found[0]["values"], "command": command, "trials": found}))
    return 0


@dataclasses.dataclass(frozen=True)
class Made:
    """What came of the search."""

    trials: list[dict[str, Any]]
    """As the component wrote them."""

    trained: int
    """Models trained by this call."""


def _search(
    config: PipelineConfig,
    tuning: Tuning,
    metadata_path: pathlib.Path,
    run_id: str,
    log: str,
    terminal: Lines,
) -> Made:
    """Runs the graph, with a line a component and a line a trial."""
    from components.training.tuner import TRIALS_FILE
    from pipeline.graph import create_tuning
    from pipeline.runs import lineage, local_runner
    from pipeline.runs.recorded_run import fail

    running = ["The graph"]

    def start(node: str) -> None:
        running.append(node)
        if node != NODE:  # it has lines of its own
            terminal.start(node)

    with heard(terminal) as lines:
        try:
            local_runner.run(
                create_tuning(config, tuning), metadata_path, run_id, start, terminal.end
            )
        except Exception as error:  # a component may raise anything; it is named, and raised again
            fail(running[-1], error, log)
    results = lineage.outputs(metadata_path, run_id)[NODE][RESULTS].uri
    trials = json.loads(pathlib.Path(results, TRIALS_FILE).read_text())
    return Made(trials, trained=sum(line.startswith("trial ") for line in lines))


@contextlib.contextmanager
def heard(terminal: Lines) -> Iterator[list[str]]:
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


def run_arguments(options: argparse.Namespace, best: ModelConfig) -> list[str]:
    """Returns the arguments of `movielens` that run the same data with another model.

    Args:
        options: Those of `tune`.
        best: The model.
    """
    arguments = ["run", "--preset", options.preset]
    for name, usual in (("data", None), ("span", spans.NEWEST), ("output", None)):
        if getattr(options, name) != usual:
            arguments += [f"--{name}", str(getattr(options, name))]
    start = dataclasses.asdict(presets.find(options.preset).model)
    settings = [setting for setting in options.set if setting.startswith("split.")]
    settings += [
        f"model.{name}={value}"
        for name, value in dataclasses.asdict(best).items()
        if value != start[name]
    ]
    for setting in settings:
        arguments += ["--set", setting]
    return arguments


def summary(trials: Sequence[dict[str, Any]], command: str) -> str:
    """Returns the table of the trials, the best, and how to use it.

    Args:
        trials: The best first.
        command: What runs with the best.
    """
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
