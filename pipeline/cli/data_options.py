"""Options of `run`, `refresh` and `tune`: where the data is, which span, what is left out of it."""

import argparse
import pathlib

from components.ingestion import spans
from pipeline.presets import Preset
from pipeline.runs.progress import Lines


def add_to(parser: argparse.ArgumentParser, default: str) -> None:
    """Adds the options of a command that serves.

    Args:
        parser: Of the command.
        default: What is read without `--data`, in words.
    """
    add_source_to(parser, default)
    parser.add_argument(
        "--withdraw", metavar="ID,ID,…", help="movies that must not be recommended, though rated"
    )


def add_source_to(parser: argparse.ArgumentParser, default: str) -> None:
    """Adds the options that say where the data is; arguments as of `add_to`."""
    parser.add_argument(
        "--data",
        type=pathlib.Path,
        help=f"folder in GroupLens layout (default: {default}), or a pattern of folders: "
        "'/data/{SPAN}', '/data/{YYYY}-{MM}-{DD}'",
    )
    parser.add_argument(
        "--span",
        default=spans.NEWEST,
        help="which folder of the pattern: a number, or a date (default: the newest)",
    )


def folder(
    options: argparse.Namespace, preset: Preset, output: pathlib.Path, say: Lines
) -> pathlib.Path:
    """Returns the folder of the MovieLens files, fetched if none was named.

    Raises:
        ValueError: A span is asked for, and no pattern of folders is given.
    """
    if options.data is not None:
        return options.data.absolute()
    if options.span != spans.NEWEST:
        raise ValueError(f"Span {options.span} is asked for, but no --data '…/{{SPAN}}' is given.")
    from pipeline.datasets.fetch import fetch

    home = output if options.output else output.parent
    return fetch(preset.dataset, home / "data" / preset.dataset, say.line)


def check(data: pathlib.Path, span: str, say: Lines) -> None:
    """Looks at the data, and says what it is.

    Raises:
        ValueError: There is no such folder or span, or its files are in no layout that is known.
    """
    from components.ingestion.readers.grouplens import layout

    read = spans.find(str(data), span)
    found = f"{read.path}: {layout.detect(read.path).name} layout"
    say.line(found if read.span is None else f"{found}, span {read.span}")


def withdrawn(options: argparse.Namespace) -> tuple[str, ...]:
    """Returns the ids of movies that the command line withdraws."""
    return tuple(movie_id.strip() for movie_id in (options.withdraw or "").split(",") if movie_id)
