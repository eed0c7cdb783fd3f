"""`movielens settings`: every setting, what it may be, and what a preset or a file makes of it."""

import dataclasses
import json
import pathlib
import textwrap
from typing import Any

import click

from pipeline.cli import values

WIDTH = 88


@click.command()
@click.option("--preset", type=values.PRESET, help="Show the values of a preset.")
@click.option(
    "--config", type=values.FILE, metavar="FILE", help="Show the values with a file of `run`."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def settings(preset: str | None, config: pathlib.Path | None, as_json: bool) -> None:
    """Lists what --set and the sections of a --config file take: type, default and meaning.

    With --preset or --config, the values that a run would have, beside the defaults they replace.
    """
    from pipeline import presets
    from pipeline.config import Settings
    from pipeline.presets import run_file
    from pipeline.settings import changes, fields

    file = run_file.read(config) if config else run_file.RunFile()
    start = presets.find(preset or file.preset).settings if preset or config else Settings()
    effective = changes.flat(changes.apply(start, file.changes(), str(config or "")))
    rows = [
        {**dataclasses.asdict(setting), "value": effective[name]}
        for name, setting in fields.of(Settings).items()
    ]
    if as_json:
        print(json.dumps(rows))
    else:
        print("\n".join(_lines(row) for row in rows))


def _lines(row: dict[str, Any]) -> str:
    """Returns a setting for people: its value and what it may be, and its meaning below."""
    from pipeline.settings.fields import shown

    value, default = shown(row["value"]), shown(row["default"])
    changed = "" if value == default else f", by default {default}"
    meaning = textwrap.fill(row["meaning"], WIDTH, initial_indent="    ", subsequent_indent="    ")
    return f"{row['name']}={value}  ({row['allowed']}{changed})\n{meaning}"
