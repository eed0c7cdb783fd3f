"""`movielens run`: prepares, runs the whole graph, and tells what came of it."""

import argparse
import sys
from typing import Any

from pipeline import presets
from pipeline.cli import data_options, run_options
from pipeline.config import PipelineConfig, output_paths
from pipeline.runs.progress import Lines
from pipeline.runs.recorded_run import run_and_record
from pipeline.runs.report import tell


def add_to(commands: Any) -> None:
    """Adds the command to the command line."""
    listing = "\n".join(f"  {name:16}{preset.summary}" for name, preset in presets.PRESETS.items())
    run = commands.add_parser(
        "run",
        help="run the whole pipeline",
        description="Runs the whole pipeline on this machine and pushes the bundle if it is "
        "blessed.\nExit status: 0 pushed, 3 not blessed, 1 failed, 130 interrupted.\n\n"
        f"presets:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run_options.add_to(
        run,
        "any field of split, model, gates or serving, e.g. model.embedding_dim=32",
        "the run's record",
    )
    data_options.add_to(run, "fetch the preset's")
    run.add_argument("--epochs", type=int, help="same as --set model.epochs=N")
    run.add_argument("--seed", type=int, help="same as --set model.seed=N")
    run.set_defaults(command=run_command)


def run_command(options: argparse.Namespace) -> int:
    """Runs the pipeline as the options say.

    Returns:
        Exit status: 0 blessed and there to be served, 3 not blessed.

    Raises:
        ComponentError: A component failed.
        ValueError: An option, the data or a folder is not usable.
    """
    say = Lines(sys.stderr if options.json else sys.stdout)
    preset = _preset(options)
    output = run_options.output_folder(options)
    data = data_options.folder(options, preset, output, say)
    data_options.check(data, options.span, say)
    paths = output_paths(output)
    config = PipelineConfig(
        name=f"movielens-{options.preset}",
        data=str(data),
        span=options.span,
        pipeline_root=str(paths["pipeline_root"]),
        serving_base=str(paths["serving_base"]),
        split=preset.split,
        model=preset.model,
        gates=preset.gates,
        serving=preset.serving,
        withdrawn=data_options.withdrawn(options),
    )
    record = run_and_record(config, options.preset, paths, say, _whole_graph)
    return tell(record, options, say)


def _whole_graph(config: PipelineConfig) -> Any:
    """Makes the graph; imports TFX only here, where what it prints goes to the log."""
    from pipeline.graph import create_pipeline

    return create_pipeline(config)


def _preset(options: argparse.Namespace) -> presets.Preset:
    shortcuts = {"model.epochs": options.epochs, "model.seed": options.seed}
    settings = [f"{name}={value}" for name, value in shortcuts.items() if value is not None]
    return presets.with_settings(presets.find(options.preset), settings + options.set)
