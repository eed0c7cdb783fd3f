"""Definitions read from YAML, and what is wrong with one: file, line, place, problem, remedy."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import pydantic

from transform import yaml_files
from transform.definition import Definition, Event, Item, Moment, User
from transform.kinds import Categories, Category, Number, Time, Vector, Words
from transform.yaml_files import FileError, Lines, did_you_mean, line_of

TABLES: dict[str | int, type] = {"item": Item, "user": User, "event": Event}
KINDS: dict[str | int, type] = {
    kind.__dataclass_fields__["kind"].default: kind
    for kind in (Category, Categories, Words, Number, Time, Vector)
}

_ADAPTER = pydantic.TypeAdapter(Definition)


def load(path: pathlib.Path) -> Definition:
    """Reads a definition from a YAML file.

    Raises:
        FileError: It can't be read, or says what has no meaning: file, line, and what to do.
    """
    document, lines = yaml_files.read(path)
    return build(document, lines, str(path))


def build(document: Mapping[str, Any], lines: Lines, name: str) -> Definition:
    """Returns the definition that a document holds.

    Args:
        document: As YAML has it.
        lines: Line of each value by its place; may be empty.
        name: Of the file, for messages.

    Raises:
        FileError: The document says what has no meaning.
    """
    try:
        return _ADAPTER.validate_python(document)
    except pydantic.ValidationError as error:
        complaints = [_complain(item, document, lines, name) for item in error.errors()]
    raise FileError("\n".join(dict.fromkeys(complaints)))


def _complain(error: Any, document: Mapping[str, Any], lines: Lines, name: str) -> str:
    """Returns a validation error as file, line, place, problem and remedy."""
    place = _real_place(error["loc"], document, error["type"] == "missing")
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "value_error" and ":" in message.split(" ")[0]:
        told, _, message = message.partition(": ")  # of a check: its message starts with the place
        place = (*place, *told.split("."))
    elif error["type"] == "missing":
        message = f"{'.'.join(map(str, place)) or 'it'} is missing; add it."
    elif error["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        message = f"there is no such key.{did_you_mean(str(place[-1]), _keys_beside(error, place))}"
    elif error["type"].startswith("union_tag"):
        value = error["input"].get("kind", "") if isinstance(error["input"], Mapping) else ""
        message = f"kind must be one of {', '.join(map(str, KINDS))}, got {value!r}."
        message += did_you_mean(str(value), map(str, KINDS))
    elif error["type"] != "value_error":
        message = f"{message}, got {error['input']!r}."
    line = line_of(place, lines)
    where = f"{name}, line {line}" if line else name
    path = ".".join(map(str, place))
    return f"{where}: {path}: {message}" if path else f"{where}: {message}"


def _real_place(loc: tuple[str | int, ...], document: Any, missing: bool) -> yaml_files.Place:
    """Returns pydantic's place without the names of union members, which are in no document."""
    place: list[str | int] = []
    value = document
    for position, part in enumerate(loc):
        inside = isinstance(value, Mapping) and part in value
        listed = isinstance(value, Sequence) and isinstance(part, int) and part < len(value)
        if inside or listed:
            value = value[part]
        elif position < len(loc) - 1 or (part in KINDS and not missing):
            continue
        place.append(part)
    return tuple(place)


def _keys_beside(error: Any, place: yaml_files.Place) -> list[str]:
    """Returns the keys that are allowed where an unknown one was found."""
    if len(place) == 1:
        kind: Any = Definition
    elif len(place) == 2 and place[0] in TABLES:
        kind = TABLES[place[0]]
    elif place[1:2] == ("time",):
        kind = Moment
    else:
        kind = next((KINDS[part] for part in error["loc"] if part in KINDS), Category)
    return list(kind.__dataclass_fields__)
