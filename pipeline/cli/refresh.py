"""`movielens refresh`: today's catalogue and ratings with the served towers, without training."""

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.request import Request, check_data
from pipeline.cli.request_options import request_options

if TYPE_CHECKING:
    from pipeline.config import PipelineConfig

FITS = ("gates", "serving")


@click.command()
@request_options(
    "Any setting of gates or serving, e.g. gates.max_drop=0.2.",
    "the run's record",
    "the last run's",
)
def refresh(asked: Request) -> int:
    """Builds index and bundle anew from the data as it is now, with the towers that are served.

    Evaluates, tries and pushes it as `run` does. An item that nobody rated gets its vector from
    genres, year and title. Of a file, split and model have no part: training decided them.

    Exit status: as of `run`.
    """
    from components.ingestion.splits import SplitConfig
    from components.registry import served_bundle
    from pipeline.config import output_paths
    from pipeline.runs.recorded_run import run_and_record
    from pipeline.runs.report import tell
    from pipeline.settings import changes
    from pipeline.settings.validation import check

    asked.check_sections(FITS, "is decided in training and no part of a refresh")
    asked.settings(None, *FITS)  # raises what is wrong before anything is looked at
    terminal = asked.terminal()
    output = asked.output_folder()
    paths = output_paths(output, asked.definition.name)
    version, told = served_bundle.find_with_towers(str(paths["serving_base"]))
    start = changes.apply(asked.preset.settings, as_served(told.settings))
    settings = asked.settings(start, *FITS)
    data = pathlib.Path(asked.data).absolute() if asked.data else _last_data(output)
    check_data(data, asked.span, asked.definition, terminal)
    terminal.line(f"With the towers of {told.towers['run'] or told.towers['sha256']}")
    split = check(SplitConfig, told.evaluation["split"], f"Manifest of {version}: split")
    model = dataclasses.replace(settings.model, exclude_seen=told.evaluation["exclude_seen"])
    settings = dataclasses.replace(settings, split=split, model=model)
    config = asked.pipeline_config(data, output, settings, k=told.settings["k"])

    def create(config: "PipelineConfig") -> Any:
        from pipeline.graph import create_refresh

        return create_refresh(config, told.towers["sha256"])

    name = f"{asked.preset.name}, refresh"
    record = run_and_record(config, name, paths, terminal, create)
    return tell(record, terminal, asked.as_json, asked.output)


def as_served(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what a refresh keeps unless it is told otherwise: the trend that scores follow.

    Args:
        settings: Those of the served bundle's manifest; older ones have no trend.
    """
    return {"serving": {"trend": settings.get("trend", {})}}


def _last_data(output: pathlib.Path) -> pathlib.Path:
    """Returns where the data of the last run was under an output folder that pushed."""
    from pipeline.runs import records

    return pathlib.Path(records.find(output, None, pushed=True).data)
