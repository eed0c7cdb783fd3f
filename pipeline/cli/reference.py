"""The reference pages of the documentation, made of the commands and of the settings themselves."""

import inspect
from collections.abc import Iterator

import click

from pipeline import presets
from pipeline.cli.main import PROGRAM, movielens
from pipeline.config import Settings
from pipeline.settings import fields


def commands_markdown() -> str:
    """Returns every command with its arguments and options, as Markdown."""
    context = click.Context(movielens, info_name=PROGRAM, **movielens.context_settings)
    return "\n".join(_sections(movielens, context)).strip() + "\n"


def settings_markdown() -> str:
    """Returns every setting with what it may be, its default and its meaning, and the presets."""
    lines = []
    for section, meaning in fields.sections(Settings).items():
        lines += [f"## `{section}`", "", meaning, "", "| setting | allowed | default | meaning |"]
        lines.append("|---|---|---|---|")
        lines += [
            f"| `{setting.name}` | {setting.allowed} | `{fields.shown(setting.default)}` | "
            f"{_cell(setting.meaning)} |"
            for name, setting in fields.of(Settings).items()
            if name.startswith(f"{section}.")
        ]
        lines.append("")
    lines += ["## Presets", "", "| preset | release | what it is |", "|---|---|---|"]
    for preset in map(presets.find, presets.names()):
        lines.append(f"| `{preset.name}` | {preset.dataset} | {_cell(preset.summary)} |")
    return "\n".join(lines) + "\n"


def _sections(command: click.Command, context: click.Context) -> Iterator[str]:
    """Yields the lines of a command, and those of its sub-commands."""
    yield f"## `{context.command_path}`"
    yield ""
    yield from _paragraphs(command.help)
    yield from ["```", f"{context.command_path} {' '.join(command.collect_usage_pieces(context))}"]
    yield from ["```", ""]
    options = [
        row
        for parameter in command.get_params(context)
        if (row := parameter.get_help_record(context)) and row[1] and "--help" not in row[0]
    ]
    if options:
        yield from ["| option | meaning |", "|---|---|"]
        yield from (f"| `{_cell(names)}` | {_cell(text)} |" for names, text in options)
        yield ""
    yield from _paragraphs(command.epilog)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                yield from _sections(child, click.Context(child, info_name=name, parent=context))


def _paragraphs(text: str | None) -> Iterator[str]:
    """Yields the paragraphs of a help text; those that click would not wrap, as code."""
    for paragraph in inspect.cleandoc(text or "").split("\n\n"):
        first, _, rest = paragraph.partition("\n")
        if first == "\b":
            yield from ["```text", rest.rstrip(), "```", ""]
        elif paragraph:
            yield from [" ".join(paragraph.split()), ""]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
