"""`movielens refresh`: today's catalogue and ratings with the served towers, without training."""

import argparse
import dataclasses
import pathlib
import sys
from collections.abc import Mapping
from typing import Any

from pipeline import presets
from pipeline.cli import data_options, run_options
from pipeline.config import PipelineConfig, output_paths
from pipeline.runs import records
from pipeline.runs.progress import Lines

FITS = ("gates", "serving")


def add_to(commands: Any) -> None:
    """Adds the command to the command line."""
    refresh = commands.add_parser(
        "refresh",
        help="serve new movies without training",
        description="Builds index and bundle anew from the data as it is now, with the towers that "
        "are served; evaluates, tries and pushes it as `run` does. A movie that nobody rated gets "
        "its vector from genres, year and title.\nExit status: as of `run`.",
    )
    run_options.add_to(
        refresh, "any field of gates or serving, e.g. gates.max_drop=0.2", "the run's record"
    )
    data_options.add_to(refresh, "the last run's")
    refresh.set_defaults(command=refresh_command)


def refresh_command(options: argparse.Namespace) -> int:
    """Runs the refresh.

    Returns:
        Exit status, as of `run`.

    Raises:
        LookupError: Nothing is served, or no run tells where the data is.
        ValueError: An option or the served bundle is not usable, or a component failed.
    """
    from components.registry import served_bundle
    from pipeline.runs.recorded_run import run_and_record
    from pipeline.runs.report import tell

    say = Lines(sys.stderr if options.json else sys.stdout)
    presets.with_settings(presets.find(options.preset), options.set)  # raises what is wrong
    for setting in options.set:
        if setting.split(".")[0] not in FITS:
            raise ValueError(
                f"{setting!r} is decided in training; a refresh takes only {' and '.join(FITS)}."
            )
    output = run_options.output_folder(options)
    paths = output_paths(output)
    _, told = served_bundle.find_with_towers(str(paths["serving_base"]))
    settings = [*as_served(told.settings), *options.set]
    preset = presets.with_settings(presets.find(options.preset), settings)
    data = options.data.absolute() if options.data else _last_data(output)
    data_options.check(data, options.span, say)
    say.line(f"With the towers of {told.towers['run'] or told.towers['sha256']}")
    config = PipelineConfig(
        name=f"movielens-{options.preset}",
        data=str(data),
        span=options.span,
        pipeline_root=str(paths["pipeline_root"]),
        serving_base=str(paths["serving_base"]),
        split=type(preset.split)(**told.evaluation["split"]),
        model=dataclasses.replace(preset.model, exclude_seen=told.evaluation["exclude_seen"]),
        gates=preset.gates,
        serving=preset.serving,
        withdrawn=data_options.withdrawn(options),
        k=told.settings["k"],
    )

    def create(config: PipelineConfig) -> Any:
        from pipeline.graph import create_refresh

        return create_refresh(config, told.towers["sha256"])

    record = run_and_record(config, f"{options.preset}, refresh", paths, say, create)
    return tell(record, options, say)


def as_served(settings: Mapping[str, Any]) -> list[str]:
    """Returns what a refresh keeps unless it is told otherwise: the trend that scores follow.

    Args:
        settings: Those of the served bundle's manifest.
    """
    trend = settings.get("trend", {})  # older manifests have none
    return [f"serving.trend_{name}={value}" for name, value in trend.items()]


def _last_data(output: pathlib.Path) -> pathlib.Path:
    """Returns where the data of the last run was under an output folder that pushed."""
    return pathlib.Path(records.find(output, None, pushed=True).data)
