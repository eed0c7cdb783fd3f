"""The file of `--config`: what a run, a refresh or a search reads, and what it changes."""

import dataclasses
import pathlib
from typing import Annotated, Any

import pydantic
from pydantic.dataclasses import dataclass

from components.ingestion import as_of as moments
from components.ingestion import spans
from pipeline import presets
from pipeline.config import ItemId, Settings
from pipeline.settings import changes, yaml_files
from pipeline.settings.errors import ConfigurationError
from pipeline.settings.validation import check

SECTIONS = tuple(field.name for field in dataclasses.fields(Settings))


def _as_text(span: Any) -> Any:
    """Returns the number of a span as text, which is how the command line has it."""
    return str(span) if type(span) is int else span


@dataclass(
    frozen=True,
    config=pydantic.ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True),
)
class RunFile:
    """What a file says; every key may be left out. Options of the command line win over it."""

    preset: str | None = None
    """Named starting point; by default `ml-100k`, and `catalogue` where data is defined by its
    owner."""

    definition: str | None = None
    """File that defines the data, as `--definition`; relative to where the command is called."""

    data: str | None = None
    """Folder of the data or a pattern of folders, as `--data`; relative to where the command is
    called."""

    span: Annotated[str, pydantic.BeforeValidator(_as_text)] = spans.NEWEST
    """Which folder of the pattern, as `--span`."""

    as_of: Annotated[str, pydantic.AfterValidator(moments.in_full)] = ""
    """Moment that the data is looked at from, as `--as-of`."""

    output: str | None = None
    """Folder of everything, as `--output`."""

    withdraw: tuple[ItemId, ...] = ()
    """Ids of items that must not be recommended, each in quotes."""

    split: dict[str, Any] = dataclasses.field(default_factory=dict)
    """What is held out: fields of `split` that differ from the preset's."""

    model: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Hyperparameters: fields of `model`, likewise."""

    gates: dict[str, Any] = dataclasses.field(default_factory=dict)
    """When a bundle may be pushed: fields of `gates`, likewise."""

    serving: dict[str, Any] = dataclasses.field(default_factory=dict)
    """What is served: fields of `serving`, likewise."""

    notify: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Who is told what came of a run: fields of `notify`, likewise."""

    @pydantic.model_validator(mode="after")
    def _check_folders(self) -> "RunFile":
        """Checks pattern and span.

        Raises:
            ValueError: One of them has no meaning.
        """
        spans.check_pattern(self.data or "")
        spans.number(self.span)
        return self

    def changes(self, *sections: str) -> dict[str, dict[str, Any]]:
        """Returns what the file changes of a preset's settings.

        Args:
            sections: Those that count; by default all.
        """
        return {name: getattr(self, name) for name in sections or SECTIONS}


def read(path: pathlib.Path) -> RunFile:
    """Reads a file, and checks all of it.

    Raises:
        ConfigurationError: Something in it is wrong; the message names file and key.
    """
    told = check(RunFile, yaml_files.read(path), str(path))
    try:
        start = presets.find(told.preset or presets.OWN).settings
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from None
    changes.apply(start, told.changes(), str(path))
    return told
