"""Values of options: what is checked of them before anything is done, and how a shell completes."""

import datetime
import pathlib
import time
from collections.abc import Callable
from typing import Any

import click
from click.shell_completion import CompletionItem

PATH = click.Path(path_type=pathlib.Path)
FILE = click.Path(path_type=pathlib.Path, exists=True, dir_okay=False)


class Text(click.ParamType):
    """A text that a function checks or turns into something else."""

    def __init__(
        self,
        name: str,
        read: Callable[[str], Any] = str,
        known: Callable[[], list[str]] = list,
        end: str = "",
    ) -> None:
        """Makes the type.

        Args:
            name: What it is, in the help.
            read: Returns the value of a text; raises ValueError where it has none.
            known: Returns the values that a shell may complete.
            end: What follows such a value.
        """
        self.name = name
        self.read = read
        self.known = known
        self.end = end

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns the value.

        Raises:
            click.BadParameter: The text has none.
        """
        try:
            return self.read(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Returns the known values that begin so."""
        return [
            CompletionItem(f"{value}{self.end}")
            for value in self.known()
            if value.startswith(incomplete)
        ]


def _preset(name: str) -> str:
    from pipeline import presets

    return presets.find(name).name


def _presets() -> list[str]:
    from pipeline import presets

    return presets.names()


def _settings() -> list[str]:
    from pipeline.config import Settings
    from pipeline.settings import fields

    return list(fields.of(Settings))


def _dataset(name: str) -> str:
    from pipeline.datasets import releases
    from pipeline.settings.errors import did_you_mean

    if name not in releases.RELEASES:
        there = ", ".join(releases.RELEASES)
        guess = did_you_mean(name, releases.RELEASES)
        raise ValueError(f"Unknown dataset {name!r}; there are: {there}{guess}")
    return name


def _datasets() -> list[str]:
    from pipeline.datasets import releases

    return list(releases.RELEASES)


def _data(folder: str) -> str:
    from components.ingestion import spans

    spans.check_pattern(folder)
    return folder


def _span(span: str) -> str:
    from components.ingestion import spans

    spans.number(span)
    return span


def _ids(text: str) -> tuple[str, ...]:
    return tuple(item_id.strip() for item_id in text.split(",") if item_id.strip())


def _cron(expression: str) -> str:
    from pipeline.kubeflow.environment.cron import check_cron

    check_cron(expression)
    return expression


def _parameter(text: str) -> str:
    if "=" not in text:
        raise ValueError(f"it must look like NAME=VALUE, got {text!r}.")
    return text


def _version(text: str) -> int:
    """Returns the version that a text names as TensorFlow Serving's folders are named."""
    if not (text.isascii() and text.isdecimal() and text == str(int(text)) and int(text) < 2**63):
        raise ValueError(
            f"{text!r} is no version: ASCII digits without leading zeros, below 2^63, as "
            "`movielens serving list` shows them."
        )
    return int(text)


PRESET = Text("NAME", _preset, _presets)
SETTING = Text("SECTION.NAME=VALUE", known=_settings, end="=")
DATASET = Text("DATASET", _dataset, _datasets)


def _as_of(text: str) -> str:
    from components.ingestion import as_of

    return as_of.in_full(text)


DATA = Text("FOLDER", _data)
SPAN = Text("SPAN", _span)
AS_OF = Text("MOMENT", _as_of)


def _moment(text: str) -> int:
    from serving.client import query_inputs

    if text == "now":
        return int(time.time())
    if text.isdecimal():
        return query_inputs.check_request_time(int(text))
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is no time: say now, seconds since 1970-01-01 UTC, or such as "
            "2026-11-29T08:00:00+00:00."
        ) from None
    utc = moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)
    return query_inputs.check_request_time(int(utc.timestamp()))


MOMENT = Text("TIME", _moment, lambda: ["now"])
IDS = Text("ID,ID,…", _ids)
CRON = Text("CRON", _cron)
PARAMETER = Text("NAME=VALUE", _parameter)
VERSION = Text("VERSION", _version)
