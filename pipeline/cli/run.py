"""`movielens run`: prepares, runs the whole graph, and tells what came of it."""

import dataclasses
import os
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.request import Request, check_data
from pipeline.cli.request_options import request_options

if TYPE_CHECKING:
    from pipeline.config import PipelineConfig


class WithPresets(click.Command):
    """A command whose help ends with the presets."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the presets, with what each is."""
        from pipeline import presets

        with formatter.section("Presets"):
            formatter.write_dl([(name, presets.find(name).summary) for name in presets.names()])


@click.command(cls=WithPresets)
@request_options(
    "Any of `movielens settings`, e.g. model.embedding_dim=32.",
    "the run's record",
    "fetch the preset's",
)
@click.option(
    "--epochs", type=click.IntRange(min=1), metavar="N", help="Same as --set model.epochs=N."
)
@click.option("--seed", type=int, metavar="N", help="Same as --set model.seed=N.")
def run(asked: Request, epochs: int | None, seed: int | None) -> int:
    """Runs the whole pipeline here, and pushes the bundle if it is blessed.

    Exit status: 0 pushed, 3 not blessed (0 with gates.on_failure=warn), 1 failed, 2 misused,
    130 interrupted.
    """
    from pipeline.config import output_paths
    from pipeline.monitoring import webhook as webhooks
    from pipeline.runs.recorded_run import run_and_record
    from pipeline.runs.report import tell

    shortcuts = {"model.epochs": epochs, "model.seed": seed}
    texts = (f"{name}={value}" for name, value in shortcuts.items() if value is not None)
    asked = dataclasses.replace(asked, texts=(*texts, *asked.texts))
    settings = asked.settings()
    asked.check_span()
    terminal = asked.terminal()
    output = asked.output_folder()
    data = asked.data_folder(output, terminal)
    check_data(data, asked.span, asked.definition, terminal)
    config = asked.pipeline_config(data, output, settings)
    paths = output_paths(output, asked.definition.name)
    webhook = webhooks.find(settings.notify, os.environ)
    record = run_and_record(config, asked.preset.name, paths, terminal, _whole_graph, webhook)
    return tell(record, terminal, asked.as_json, asked.output, settings.gates.on_failure)


def _whole_graph(config: "PipelineConfig") -> Any:
    """Makes the graph; imports TFX only here, where what it prints goes to the log."""
    from pipeline.graph import create_pipeline

    return create_pipeline(config)
