"""The settings by name, each with what it may be, its default and its meaning.

All of it comes from the dataclasses themselves: types and limits are the fields' annotations, and
a meaning is the docstring below the field.
"""

import dataclasses
import functools
from collections.abc import Iterator
from typing import Any

import pydantic

NONE = "none"


@dataclasses.dataclass(frozen=True)
class Setting:
    """One field of a tree of dataclasses."""

    name: str
    """With dots, such as "model.epochs"."""

    kind: str
    """JSON type of its values: "integer", "number", "boolean", "string" or another."""

    allowed: str
    """Its values in words, such as "an integer >= 1"; empty where the type is not a plain one."""

    default: Any
    """Value unless something else is said; None also where there is none."""

    meaning: str
    """Docstring of the field, in one line."""

    optional: bool = False
    """Whether it may also be none."""

    def parse(self, text: str) -> Any:
        """Returns the value that a text means, or the text itself where it means none.

        Args:
            text: As typed: "5", "1e-3", "true", "none".
        """
        if self.optional and text.lower() in (NONE, "null"):
            return None
        if self.kind == "boolean":
            return {"true": True, "false": False}.get(text.lower(), text)
        try:
            return {"integer": int, "number": float}.get(self.kind, str)(text)
        except ValueError:
            return text


@functools.cache
def of(tree: type) -> dict[str, Setting]:
    """Returns every setting of a tree of pydantic dataclasses, by name, in the order of the fields.

    Args:
        tree: The class at the root.
    """
    schema = pydantic.TypeAdapter(tree).json_schema()
    return {setting.name: setting for setting in _leaves(schema, schema.get("$defs", {}), "")}


@functools.cache
def sections(tree: type) -> dict[str, str]:
    """Returns the fields of the root that are dataclasses themselves: meaning by name."""
    schema = pydantic.TypeAdapter(tree).json_schema()
    return {
        name: _one_line(field) or _one_line(schema["$defs"][_reference(field)])
        for name, field in schema["properties"].items()
        if _reference(field)
    }


def shown(value: Any) -> str:
    """Returns a value as it is written in YAML and after `--set`."""
    if isinstance(value, bool):
        return str(value).lower()
    return NONE if value is None else str(value)


def _leaves(schema: dict[str, Any], definitions: dict[str, Any], prefix: str) -> Iterator[Setting]:
    for name, field in schema["properties"].items():
        definition = definitions.get(_reference(field), {})
        if "properties" in definition:
            yield from _leaves(definition, definitions, f"{prefix}{name}.")
            continue
        kinds = [kind for kind in field.get("anyOf", [field]) if kind.get("type") != "null"]
        optional = len(kinds) < len(field.get("anyOf", [field]))
        plain = {**kinds[0]} if len(kinds) == 1 else {}
        allowed = _allowed(plain)
        yield Setting(
            f"{prefix}{name}",
            plain.get("type", ""),
            f"{allowed} or {NONE}" if allowed and optional else allowed,
            field.get("default"),
            _one_line(field),
            optional,
        )


def _reference(schema: dict[str, Any]) -> str:
    return schema.get("$ref", "").rpartition("/")[2]


def _one_line(schema: dict[str, Any]) -> str:
    return " ".join(schema.get("description", "").split())


def _allowed(schema: dict[str, Any]) -> str:
    """Returns in words what a JSON schema of a plain value allows."""
    if "enum" in schema:
        return f"one of {', '.join(schema['enum'])}"
    kind = schema.get("type")
    if kind == "boolean":
        return "true or false"
    if kind == "string":
        return "a text" if "minLength" not in schema else "a text, not empty"
    if kind not in ("integer", "number"):
        return ""
    what = "an integer" if kind == "integer" else "a number"
    if kind == "integer" and "exclusiveMinimum" in schema:
        return f"{what} >= {schema['exclusiveMinimum'] + 1}"
    low = f"[{schema['minimum']:g}" if "minimum" in schema else ""
    if "exclusiveMaximum" in schema:
        return f"{what} in {low}, {schema['exclusiveMaximum']:g})"
    if "maximum" in schema:
        return f"{what} in {low}, {schema['maximum']:g}]"
    if "exclusiveMinimum" in schema:
        return f"{what} > {schema['exclusiveMinimum']:g}"
    return f"{what} >= {schema['minimum']:g}" if "minimum" in schema else what
