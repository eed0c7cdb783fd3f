"""`movielens serving`: lists and shows pushed versions, promotes one, rolls back, verifies."""

import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli import values, versions
from pipeline.cli.groups import Group
from pipeline.cli.pushed import list_versions, show_version
from pipeline.cli.signing import key_option, public_key, sign
from pipeline.cli.verify import verify

if TYPE_CHECKING:
    from pipeline.rollout.model_server import ModelServer

PATIENCE_SECONDS = 300.0


@click.group(cls=Group)
def serving() -> None:
    """What is pushed and what is served.

    Without a configuration the newest version is served; `promote` and `rollback` write TensorFlow
    Serving's models.config, and from then on a push is served only after it was promoted.
    """


serving.add_command(list_versions)
serving.add_command(show_version)


def of_a_server(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say which server follows."""
    for option in (
        click.option(
            "--seen-as",
            metavar="PATH",
            help="Path of the folder as the server sees it, such as /models/movielens.",
        ),
        click.option(
            "--patience",
            type=float,
            default=PATIENCE_SECONDS,
            metavar="SECONDS",
            help="How long to wait for the server.",
        ),
        click.option(
            "--token-file", type=values.FILE, help="Holds the token that the server asks for."
        ),
        click.option(
            "--ca-file",
            type=values.FILE,
            help="Certificates that the server's is checked against.  [default: well-known ones]",
        ),
        click.option(
            "--no-server", is_flag=True, help="None runs: write for one that starts later."
        ),
        click.option(
            "--server", metavar="URL", help="REST address of the running server; it is waited for."
        ),
    ):
        command = option(command)
    return command


@serving.command()
@click.argument("version", type=values.VERSION)
@click.option("--canary", is_flag=True, help="Give it the label canary, beside the stable one.")
@key_option
@of_a_server
@versions.options
def promote(
    version: int,
    canary: bool,
    key: pathlib.Path | None,
    server: str | None,
    no_server: bool,
    patience: float,
    seen_as: str | None,
    ca_file: pathlib.Path | None,
    token_file: pathlib.Path | None,
    base: pathlib.Path | None,
    runs: pathlib.Path,
) -> None:
    """Serves VERSION: gives it the label stable, or canary."""
    from components.registry.models_config import CANARY, STABLE
    from pipeline.monitoring import gauges
    from pipeline.rollout import promotion

    _check_server(server, no_server)
    folder = versions.find_base(base, runs)
    label = CANARY if canary else STABLE
    running = model_server(server, folder, patience, ca_file, token_file)
    promotion.promote(folder, version, label, running, print, seen_as, public_key(key))
    gauges.follow_labels(folder)


@serving.command()
@key_option
@of_a_server
@versions.options
def rollback(
    key: pathlib.Path | None,
    server: str | None,
    no_server: bool,
    patience: float,
    seen_as: str | None,
    ca_file: pathlib.Path | None,
    token_file: pathlib.Path | None,
    base: pathlib.Path | None,
    runs: pathlib.Path,
) -> None:
    """Serves again what was served before."""
    from pipeline.monitoring import gauges
    from pipeline.rollout import promotion

    _check_server(server, no_server)
    folder = versions.find_base(base, runs)
    running = model_server(server, folder, patience, ca_file, token_file)
    promotion.rollback(folder, running, print, seen_as, public_key(key))
    gauges.follow_labels(folder)
    print("Runs compare with it from now on, and what they push waits for `promote`.")


serving.add_command(sign)
serving.add_command(verify)


def _check_server(server: str | None, no_server: bool) -> None:
    """Checks that the options name a server, or none, and not both.

    Raises:
        click.UsageError: They don't.
    """
    if server and no_server:
        raise click.UsageError("Give --server or --no-server, not both.")
    if not server and not no_server:
        raise click.UsageError(
            "One of --server --no-server is required: whether a server runs must be said."
        )


def model_server(
    url: str | None,
    base: str,
    patience: float,
    ca_file: pathlib.Path | None,
    token_file: pathlib.Path | None,
) -> "ModelServer | None":
    """Returns the running server, or None where none runs."""
    from components.registry import models_config
    from pipeline.rollout.model_server import ModelServer

    if not url:
        return None
    files = (str(file or "") for file in (ca_file, token_file))
    return ModelServer(url, models_config.name_of(base), patience, *files)
