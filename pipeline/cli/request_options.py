"""The options that `run`, `refresh` and `tune` share, and the request that they come to."""

import functools
import pathlib
from collections.abc import Callable
from typing import Any

import click

from pipeline.cli import values
from pipeline.cli.request import Request, find_definition
from transform.datasets import MOVIELENS

AS_OF = click.option(
    "--as-of",
    type=values.AS_OF,
    help="Set aside what happened later: a day, whose end is meant, or a time, in UTC.  "
    "[default: now, and events later than a day from now are refused]",
)


def request_options(
    settings: str, printed: str, data: str, withdraws: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds the shared options to a command, which gets them as one `Request`.

    Args:
        settings: What `--set` takes, in words.
        printed: What `--json` prints, in words.
        data: What is read without `--data`, in words.
        withdraws: Whether the command serves, so that items can be withdrawn.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def with_request(
            preset: str | None,
            config: pathlib.Path | None,
            data: str | None,
            span: str | None,
            as_of: str | None,
            output: pathlib.Path | None,
            texts: tuple[str, ...],
            as_json: bool,
            definition: pathlib.Path | None,
            withdraw: tuple[str, ...] | None = None,
            **own: Any,
        ) -> Any:
            from pipeline import presets
            from pipeline.presets import run_file
            from transform import datasets

            file = run_file.read(config) if config else run_file.RunFile()
            named = output or (pathlib.Path(file.output) if file.output else None)
            data = data if data is not None else file.data
            stated = definition or (pathlib.Path(file.definition) if file.definition else None)
            found = find_definition(stated, data)
            defined = found or datasets.load(MOVIELENS)
            usual = presets.DEFAULT if defined.name == MOVIELENS else presets.OWN
            request = Request(
                preset=presets.find(preset or file.preset or usual),
                definition=defined,
                assumed=found is None,
                config=config,
                file=file,
                texts=texts,
                data=data,
                span=span if span is not None else file.span,
                as_of=as_of if as_of is not None else file.as_of,
                output=named,
                withdrawn=withdraw if withdraw is not None else file.withdraw,
                as_json=as_json,
            )
            return command(request, **own)

        for option in reversed(_options(settings, printed, data, withdraws)):
            with_request = option(with_request)
        return with_request

    return decorate


def _options(settings: str, printed: str, data: str, withdraws: bool) -> list[Any]:
    withdraw = click.option(
        "--withdraw", type=values.IDS, help="Items that must not be recommended."
    )
    return [
        click.option(
            "--preset",
            type=values.PRESET,
            help="Starting point.  [default: ml-100k; catalogue of own data]",
        ),
        click.option(
            "--config",
            type=values.FILE,
            metavar="FILE",
            help="YAML with any of preset, definition, data, span, as_of, output, withdraw, split, "
            "model, gates, serving and notify. Options win over it.",
        ),
        click.option(
            "--definition",
            type=values.FILE,
            metavar="FILE",
            help="YAML that defines the data.  [default: definition.yaml in the folder of the "
            "data, else MovieLens']",
        ),
        click.option(
            "--output",
            type=values.PATH,
            metavar="FOLDER",
            help="Folder of everything.  [default: runs/PRESET, or runs/NAME of an own definition]",
        ),
        click.option(
            "--set", "texts", multiple=True, type=values.SETTING, help=f"{settings} Repeatable."
        ),
        click.option(
            "--json", "as_json", is_flag=True, help=f"Print {printed} as JSON at the end."
        ),
        click.option(
            "--data",
            type=values.DATA,
            help="Folder of the files, or a pattern of folders: '/data/{SPAN}', "
            f"'/data/{{YYYY}}-{{MM}}-{{DD}}'.  [default: {data}]",
        ),
        click.option(
            "--span",
            type=values.SPAN,
            help="Which folder of the pattern: a number, or a date.  [default: the newest]",
        ),
        AS_OF,
        *([withdraw] if withdraws else []),
    ]
