"""`movielens run`: prepares, runs the whole graph, and tells what came of it."""

import argparse
import pathlib
import sys
import tempfile
from typing import Any

from components import spans
from pipeline import data_options, presets
from pipeline.config import PipelineConfig, output_paths
from pipeline.progress import Lines
from pipeline.recorded_run import run_and_record
from pipeline.run_summary import tell


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
    run.add_argument("--preset", default=presets.DEFAULT, help=f"default: {presets.DEFAULT}")
    data_options.add_to(run, "fetch the preset's")
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
        "--json", action="store_true", help="print the run's record as JSON at the end"
    )
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
    output = (options.output or pathlib.Path("runs") / options.preset).absolute()
    check_writable(output)
    data = data_folder(options, preset, output, say)
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


def _preset(options: argparse.Namespace) -> presets.Preset:
    shortcuts = {"model.epochs": options.epochs, "model.seed": options.seed}
    settings = [f"{name}={value}" for name, value in shortcuts.items() if value is not None]
    return presets.with_settings(presets.find(options.preset), settings + options.set)


def data_folder(
    options: argparse.Namespace, preset: presets.Preset, output: pathlib.Path, say: Lines
) -> pathlib.Path:
    """Returns the folder of the MovieLens files, fetched if none was named."""
    if options.data is not None:
        return options.data.absolute()
    if options.span != spans.NEWEST:
        raise ValueError(f"Span {options.span} is asked for, but no --data '…/{{SPAN}}' is given.")
    from pipeline.fetch import fetch

    home = output if options.output else output.parent
    return fetch(preset.dataset, home / "data" / preset.dataset, say.line)
