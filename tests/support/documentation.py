"""The documentation, taken apart: pages, blocks and spans of code, commands, links, anchors."""

import itertools
import pathlib
import re
import shlex
from collections.abc import Iterator

import click

from support import ROOT

PAGES = (
    ROOT / "README.md",
    ROOT / "kubeflow" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
COMMAND = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?movielens (?P<arguments>\S.*)$")
MAKE = re.compile(r"^make (?P<target>[a-z-]+)")
SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ +(?P<text>.*)$", re.MULTILINE)


def blocks(text: str) -> Iterator[str]:
    """Yields the lines of code blocks, fenced or indented, without what indents them."""
    fenced = False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            yield line.strip()


def commands(text: str) -> list[list[str]]:
    """Returns the arguments of every `movielens …` line in a block of code."""
    matches = filter(None, map(COMMAND.match, blocks(text)))
    return [shlex.split(match["arguments"], comments=True) for match in matches]


def targets(text: str) -> set[str]:
    """Returns the targets of every `make …` line in a block of code."""
    return {match["target"] for match in map(MAKE.match, blocks(text)) if match}


def spans(text: str) -> set[str]:
    """Returns what stands between single backticks, outside of fenced blocks."""
    parts = re.split(r"^```.*$", text, flags=re.MULTILINE)
    return {" ".join(span.split()) for part in parts[::2] for span in SPAN.findall(part)}


def links(text: str) -> set[str]:
    """Returns the targets of links and images that lie in the repository."""
    found = {match["target"] for match in LINK.finditer(text)}
    return {target for target in found if "://" not in target}


def anchors(text: str) -> set[str]:
    """Returns the anchors of a page's headings, as GitHub makes them; MkDocs checks its own."""
    return {
        re.sub(r"[^\w -]", "", match["text"].lower()).replace(" ", "-")
        for match in HEADING.finditer(text)
    }


def problem(root: click.Group, arguments: list[str]) -> str:
    """Returns what is wrong with a command line, which is not executed; "" if nothing is.

    Values are not looked at: a path in the documentation need not exist.

    Args:
        root: The command line.
        arguments: Without the program's name.
    """
    command: click.Command = root
    rest = list(arguments)
    while isinstance(command, click.Group):
        name = rest.pop(0) if rest else ""
        found = command.get_command(click.Context(command), name)
        if found is None:
            return f"there is no command {name!r}"
        command = found
    context = click.Context(command)
    try:
        values, left, _ = command.make_parser(context).parse_args(rest)
    except click.UsageError as error:
        return error.format_message()
    missing = [
        param.name for param in command.params if param.required and not values.get(param.name)
    ]
    return " ".join(
        [
            *(f"extra argument {text!r}" for text in left),
            *(f"{name} is missing" for name in missing),
        ]
    )


def settings(arguments: list[str]) -> list[str]:
    """Returns what follows each `--set`."""
    return [value for name, value in itertools.pairwise(arguments) if name == "--set"]


def name(page: pathlib.Path) -> str:
    """Returns a page's path in the repository."""
    return page.relative_to(ROOT).as_posix()
