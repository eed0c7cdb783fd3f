"""Changes of settings: from texts such as "model.epochs=5", or from the sections of a file."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.config import Settings
from pipeline.settings import fields
from pipeline.settings.errors import ConfigurationError, did_you_mean
from pipeline.settings.validation import check

Changes = Mapping[str, Any]
"""Nested mappings by section and field, such as `{"model": {"epochs": 5}}`."""


def parse(texts: Sequence[str]) -> dict[str, Any]:
    """Returns the changes that texts describe; a later one wins.

    Args:
        texts: Such as "model.epochs=5" or "serving.trend.weight=8".

    Raises:
        ConfigurationError: A text is malformed, or names no setting.
    """
    changes: dict[str, Any] = {}
    known = fields.of(Settings)
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigurationError(
                f"Setting {text!r} must look like SECTION.NAME=VALUE, such as model.epochs=5."
            )
        if name not in known:
            raise ConfigurationError(
                f"There is no setting {name!r}{did_you_mean(name, known)} "
                "`movielens settings` lists them all."
            )
        *path, field = name.split(".")
        section = changes
        for part in path:
            section = section.setdefault(part, {})
        section[field] = known[name].parse(value)
    return changes


def apply(settings: Settings, changes: Changes, source: str = "") -> Settings:
    """Returns settings with some of them changed, checked as a whole.

    Args:
        settings: The starting point.
        changes: What is different.
        source: Where the changes come from, such as a file; begins the message.

    Raises:
        ConfigurationError: A setting is unknown, or can't have its value.
    """
    return check(Settings, _merge(dataclasses.asdict(settings), changes), source)


def texts(settings: Settings, start: Settings, section: str) -> list[str]:
    """Returns what `--set` takes to make one section of `start` that of `settings`.

    Args:
        settings: The end.
        start: The starting point.
        section: Such as "model".
    """
    before, after = flat(start), flat(settings)
    return [
        f"{name}={fields.shown(value)}"
        for name, value in after.items()
        if name.startswith(f"{section}.") and value != before[name]
    ]


def flat(settings: Settings) -> dict[str, Any]:
    """Returns every value by name, such as "model.epochs"."""
    values = {}
    for name in fields.of(Settings):
        value: Any = settings
        for part in name.split("."):
            value = getattr(value, part)
        values[name] = value
    return values


def _merge(base: Mapping[str, Any], changes: Changes) -> dict[str, Any]:
    merged = dict(base)
    for name, value in changes.items():
        nested = isinstance(value, Mapping) and isinstance(base.get(name), Mapping)
        merged[name] = _merge(base[name], value) if nested else value
    return merged
