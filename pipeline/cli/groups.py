"""Groups of commands that guess what was meant, and import a command when it is called."""

import importlib
from typing import Any, NamedTuple

import click

from pipeline.settings.errors import did_you_mean


class Group(click.Group):
    """A group that lists its commands in the order they were added, and guesses misspelt ones."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names of the commands."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Returns name, command and the arguments that are left.

        Raises:
            click.UsageError: There is no such command; the message has the likeliest one.
        """
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            known = self.list_commands(ctx)
            ctx.fail(f"There is no command {name!r}{did_you_mean(name, known)}")
        return super().resolve_command(ctx, args)


class Place(NamedTuple):
    """Where a command is, and what the list says of it."""

    module: str
    """Dotted path of the module."""

    name: str
    """Name of the command in it."""

    summary: str
    """Its line in the list."""


class LazyGroup(Group):
    """A group that knows its commands by place, so that listing them imports none of them."""

    def __init__(self, *args: Any, places: dict[str, Place], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names of the commands."""
        return list(self.places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns a command, imported now; None if there is none of that name."""
        if cmd_name not in self.places:
            return None
        place = self.places[cmd_name]
        command: click.Command = getattr(importlib.import_module(place.module), place.name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.summary) for name, place in self.places.items()])
