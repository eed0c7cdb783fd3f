"""`movielens refresh`: today's catalogue and ratings with the served towers, without training."""

import dataclasses
import json
import os
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli import values
from pipeline.cli.request import Request, check_data
from pipeline.cli.request_options import request_options

if TYPE_CHECKING:
    from components.bundle.manifest import Manifest
    from pipeline.config import PipelineConfig
    from transform.definition import Definition

FITS = ("gates", "serving", "notify")
PRESENTATION = ("name", "title", "slices")  # of a definition: towers know nothing of it
ITEM_PRESENTATION = ("title", "noun", "plural")


@click.command()
@request_options(
    "Any setting of gates, serving or notify, e.g. gates.max_drop=0.2.",
    "the run's record",
    "the last run's",
)
@click.option(
    "--availability",
    type=values.FILE,
    metavar="FILE",
    help="CSV with the column of the item's id and `available` (yes or no): push the served "
    "version without the unavailable items, in seconds. Nothing else is read.",
)
def refresh(asked: Request, availability: pathlib.Path | None) -> int:
    """Builds index and bundle anew from the data as it is now, with the towers that are served.

    Evaluates, tries and pushes it as `run` does. An item that nobody rated gets its vector from
    its features. Of a file, split and model have no part: training decided them. The data must be
    defined as it was then, but for titles, nouns, slices and filters.

    Exit status: as of `run`.
    """
    from components.ingestion.splits import SplitConfig
    from components.registry import served_bundle
    from pipeline.config import output_paths
    from pipeline.monitoring import webhook as webhooks
    from pipeline.runs.recorded_run import run_and_record
    from pipeline.runs.report import tell
    from pipeline.settings import changes
    from pipeline.settings.validation import check

    if availability is not None:
        return _availability(asked, availability)
    asked.check_sections(FITS, "is decided in training and no part of a refresh")
    asked.settings(None, *FITS)  # raises what is wrong before anything is looked at
    terminal = asked.terminal()
    output = asked.output_folder()
    asked = dataclasses.replace(asked, definition=_definition(asked, output))
    paths = output_paths(output, asked.definition.name)
    version, told = served_bundle.find_with_towers(str(paths["serving_base"]))
    _check_definition(asked.definition, version, told)
    start = changes.apply(asked.preset.settings, as_served(told))
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
    webhook = webhooks.find(settings.notify, os.environ)
    record = run_and_record(config, name, paths, terminal, create, webhook)
    return tell(record, terminal, asked.as_json, asked.output, settings.gates.on_failure)


def _availability(asked: Request, table: pathlib.Path) -> int:
    """Pushes the served version without the unavailable items of a table."""
    from components.registry import versions
    from pipeline.config import output_paths
    from pipeline.monitoring import gauges
    from pipeline.rollout import availability

    if asked.data or asked.texts or asked.withdrawn or asked.as_of:
        raise click.UsageError("--availability reads no data and takes no settings: give it alone.")
    output = asked.output_folder()
    definition = _definition(asked, output)
    base = str(output_paths(output, definition.name)["serving_base"])
    keep = asked.settings(None, "serving").serving.keep_versions
    done = availability.publish(base, table, keep)
    gauges.follow_labels(base)
    served = versions.served(base)
    if asked.as_json:
        print(json.dumps({**dataclasses.asdict(done), "served": served}))
    else:
        nouns = definition.item.nouns
        print(
            f"Version {done.version} leaves out {done.unavailable:,} of {done.items:,} {nouns}. "
            f"Served is version {served}."
        )
    return 0


def as_served(told: "Manifest") -> dict[str, Any]:
    """Returns what a refresh keeps: model and split, and, unless it is told otherwise, the trend.

    Args:
        told: Manifest of the served bundle; older ones tell none of it. Fields that this revision
            does not know are left out.
    """
    from components.ingestion.splits import SplitConfig
    from trainer.config import ModelConfig

    kept: dict[str, Any] = {"serving": {"trend": told.settings.get("trend", {})}}
    for section, kind in (("model", ModelConfig), ("split", SplitConfig)):
        known = {field.name for field in dataclasses.fields(kind)}
        values = told.configuration.get(section, {})
        kept[section] = {name: values[name] for name in values if name in known}
    return kept


def training_difference(trained: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """Returns in what two definitions differ that towers were trained by; None if in nothing.

    Args:
        trained: The definition of the towers, as in the manifest of their bundle.
        now: The definition of the data, likewise.
    """
    return _difference(_of_training(trained), _of_training(now))


def _difference(before: Any, after: Any, place: str = "") -> str | None:
    """Returns the first difference of nested mappings with its place; None if there is none."""
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return None if before == after else f"{place} was {before!r} and is {after!r}"
    for name in sorted(before.keys() | after.keys()):
        inner = f"{place}.{name}" if place else name
        if name not in after:
            return f"{inner} is gone"
        if name not in before:
            return f"{inner} is new"
        difference = _difference(before[name], after[name], inner)
        if difference:
            return difference
    return None


def _of_training(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a definition without what serving alone makes use of."""
    kept = {name: value for name, value in definition.items() if name not in PRESENTATION}
    item = {name: value for name, value in kept["item"].items() if name not in ITEM_PRESENTATION}
    item["features"] = {
        name: {field: value for field, value in feature.items() if field != "filter"}
        for name, feature in item["features"].items()
    }
    return {**kept, "item": item}


def _check_definition(definition: "Definition", version: str, told: "Manifest") -> None:
    """Checks that the towers can read data of this definition.

    Raises:
        ValueError: They were trained by another; the message names the difference.
    """
    difference = training_difference(told.definition, json.loads(definition.to_json()))
    if difference:
        raise ValueError(
            f"The towers of {version} were trained by another definition of the data: "
            f"{difference}. `movielens run` trains towers by the new one; `--definition` names "
            "another file."
        )


def _definition(asked: Request, output: pathlib.Path) -> "Definition":
    """Returns the definition of the data: as asked for, or else that of the last run that pushed.

    Args:
        asked: What is asked for.
        output: The output folder.
    """
    from pipeline.runs import records
    from transform import definition

    pushed = [record for record in records.read_all(output) if record.pushed and record.definition]
    if not asked.assumed or not pushed:
        return asked.definition
    return definition.from_json(json.dumps(pushed[-1].definition))


def _last_data(output: pathlib.Path) -> pathlib.Path:
    """Returns where the data of the last run was under an output folder that pushed."""
    from pipeline.runs import records

    return pathlib.Path(records.find(output, None, pushed=True).data)
