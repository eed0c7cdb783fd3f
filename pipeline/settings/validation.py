"""Trees of settings made of nested mappings, and pydantic's complaints in one line each."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import pydantic

from pipeline.settings import fields
from pipeline.settings.errors import ConfigurationError, did_you_mean

Tree = TypeVar("Tree")


def check(tree: type[Tree], document: Mapping[str, Any], source: str = "") -> Tree:
    """Returns a tree of pydantic dataclasses, made of nested mappings.

    Args:
        tree: The class at the root.
        document: By name of the field; lists stand for tuples, as in JSON.
        source: Where it comes from, such as a file; begins the message.

    Raises:
        ConfigurationError: A key is unknown, or a value is not allowed.
    """
    with explained(tree, source):
        made = pydantic.TypeAdapter(tree).validate_json(json.dumps(document, default=str))
    return made


@contextlib.contextmanager
def explained(tree: type, source: str = "") -> Iterator[None]:
    """Says in readable lines what pydantic complains about.

    Args:
        tree: The class that is made within.
        source: Where its values come from; begins the message.

    Raises:
        ConfigurationError: pydantic refused a value.
    """
    try:
        yield
    except pydantic.ValidationError as error:
        complaints = [_complaint(item, fields.of(tree)) for item in error.errors()]
        if len(complaints) == 1:
            message = f"{source}: {complaints[0]}" if source else complaints[0]
        else:
            message = "\n  ".join([f"{source}:" if source else "Several are wrong:", *complaints])
        raise ConfigurationError(message) from None


def _complaint(item: Any, known: Mapping[str, fields.Setting]) -> str:
    where = ".".join(str(part) for part in item["loc"])
    if item["type"] == "unexpected_keyword_argument":
        return f"{where}: there is no such setting{did_you_mean(where, known)}"
    if item["type"] == "value_error":  # of a validator of ours: it names field and value itself
        message = item["msg"].removeprefix("Value error, ")
        return f"{where}: {message}" if where else message
    if item["type"] == "missing":
        return f"{where} must be given."
    if where in known and known[where].allowed:
        return f"{where} must be {known[where].allowed}, got {item['input']!r}."
    return f"{where}: {item['msg']}, got {item['input']!r}."
