"""Options that `run`, `refresh` and `tune` share: preset, output folder, settings, JSON."""

import argparse
import pathlib
import tempfile

from pipeline import presets


def add_to(parser: argparse.ArgumentParser, settings: str, printed: str) -> None:
    """Adds the options.

    Args:
        parser: Of the command.
        settings: What `--set` takes, in words.
        printed: What `--json` prints, in words.
    """
    parser.add_argument("--preset", default=presets.DEFAULT, help=f"default: {presets.DEFAULT}")
    parser.add_argument(
        "--output", type=pathlib.Path, help="folder of everything (default: runs/PRESET)"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.NAME=VALUE",
        help=f"{settings}; repeatable",
    )
    parser.add_argument("--json", action="store_true", help=f"print {printed} as JSON at the end")


def output_folder(options: argparse.Namespace) -> pathlib.Path:
    """Returns the folder of everything, made if it is missing.

    Raises:
        ValueError: Files can't be written into it; the message says why.
    """
    folder = (options.output or pathlib.Path("runs") / options.preset).absolute()
    check_writable(folder)
    return folder


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
