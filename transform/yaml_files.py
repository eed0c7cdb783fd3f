"""YAML files that say where a mistake is: unique keys, and the line of every value."""

import difflib
import pathlib
from collections.abc import Iterable, Sequence
from typing import Any

import yaml

Place = tuple[str | int, ...]
"""Keys and list positions from the root of a document to a value."""

Lines = dict[Place, int]
"""The 1-based line of each value, by its place."""


class FileError(ValueError):
    """A file is not what it should be; the message says where and what to do."""


def read(path: pathlib.Path) -> tuple[dict[str, Any], Lines]:
    """Reads a mapping from a YAML file.

    Args:
        path: The file.

    Returns:
        The mapping, and the 1-based line of each value by its place.

    Raises:
        FileError: There is no such file, or it is not a YAML mapping with unique keys.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FileError(f"There is no file {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path} can't be read: {error}.") from error
    return parse(text, str(path))


def parse(text: str, name: str) -> tuple[dict[str, Any], Lines]:
    """As `read`, of a text; `name` says whose text it is."""
    try:
        node = yaml.compose(text, yaml.SafeLoader)
        lines: Lines = {}
        if node is not None:
            _walk(node, (), lines, name)
        document = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise FileError(f"{name}{line}: not YAML: {error.problem}.") from error
    if not isinstance(document, dict):
        raise FileError(f"{name} must be a mapping of names to values.")
    return document, lines


def line_of(place: Sequence[str | int], lines: Lines) -> int | None:
    """Returns the line of the value at a place, or of the nearest value around it."""
    for length in range(len(place), -1, -1):
        if tuple(place[:length]) in lines:
            return lines[tuple(place[:length])]
    return None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Returns " Did you mean 'X'?" for the known name that is nearest, or nothing."""
    matches = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {matches[0]!r}?" if matches else ""


def _walk(node: yaml.Node, place: Place, lines: Lines, name: str) -> None:
    """Notes the line of every value, and refuses a key that is there twice."""
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        keys = set()
        for key, value in node.value:
            if key.value in keys:
                line = key.start_mark.line + 1
                raise FileError(f"{name}, line {line}: {key.value!r} is there twice; keep one.")
            keys.add(key.value)
            inside = (*place, key.value)
            lines[inside] = key.start_mark.line + 1
            _walk(value, inside, lines, name)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            _walk(value, (*place, position), lines, name)
