"""A first definition of a folder of data, guessed from its first rows, for a person to confirm."""

import importlib.resources
import pathlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from components.ingestion.readers.layout import detect
from components.ingestion.readers.sample import Sample, sample
from components.ingestion.readers.values import Kind, guess_kind, guess_time_unit
from transform import datasets, features
from transform.kinds import OF_EVENTS

ITEM_NAMES = r"item|product|article|sku|movie|film|book|song|track|game|asin|isbn|offer|listing"
USER_NAMES = r"user|customer|client|member|visitor|account|person|buyer|reader|session|uid"
TIME_NAMES = r"time|date|^ts$|_ts$|_at$|when|moment"
TITLE_NAMES = r"title|name|label|headline"
WEIGHT_NAMES = r"^weight$|quantity|^qty$|count"

OF_EVENT = tuple(kind.__dataclass_fields__["kind"].default for kind in OF_EVENTS)


def guess(folder: pathlib.Path) -> str:
    """Returns a definition as YAML, every guess with a comment that says why.

    Args:
        folder: Holds items, events, and users if any; or a MovieLens release.

    Raises:
        DataErrors: It is in no known layout, or empty.
    """
    layout = detect(folder)
    if layout.release:
        shipped = importlib.resources.files(datasets) / f"{datasets.MOVIELENS}.yaml"
        return shipped.read_text(encoding="utf-8")
    items, events = sample(layout.shards["items"]), sample(layout.shards["events"])
    users = sample(layout.shards["users"]) if "users" in layout.shards else None
    return "\n".join(_lines(folder.resolve().name, items, users, events)) + "\n"


def _lines(name: str, items: Sample, users: Sample | None, events: Sample) -> Iterator[str]:
    time, unit = _time(events)
    item, event_item, why_item = _match(items, events, ITEM_NAMES, {time})
    taken = {time, event_item}
    if users is not None:
        user, event_user, why_user = _match(users, events, USER_NAMES, taken)
    else:
        user, (event_user, why_user) = "", _by_name(events, USER_NAMES, taken)
    title, why_title = _title(items, item)
    names: set[str] = set(features.RESERVED)
    yield "# Guessed from the first rows of the files. Check every line that has a comment; what"
    yield "# each key may be is said in the reference of definitions."
    yield f"name: {_model_name(name)} # after the folder; also the name of the model that is served"
    yield "item:"
    yield f"  id: {_yaml(item)} # {why_item}"
    if title:
        yield f"  title: {_yaml(title)} # {why_title}"
    yield "  noun: item # what people call one, such as product"
    left = {column: items[column] for column in items if column not in (item, title)}
    words = {"title_words": (title, Kind({"kind": "words"}, "words of the title"))} if title else {}
    yield from _features(left, names, words)
    if users is not None:
        yield "user:"
        yield f"  id: {_yaml(user)} # {why_user}"
        yield from _features({column: users[column] for column in users if column != user}, names)
    yield "event:"
    yield f"  user: {_yaml(event_user)} # {why_user}"
    yield f"  item: {_yaml(event_item)} # {why_item}"
    first = _first(events[time])
    yield f"  time: {{column: {_yaml(time)}, unit: {unit}}} # by name and values, such as {first}"
    yield "  repeats: keep # refuse, where a user can have one event with an item only"
    yield "  unknown_item: refuse # drop or keep, where events know of items that are not listed"
    if users is not None:
        yield "  unknown_user: refuse # likewise"
    left = {c: events[c] for c in events if c not in (time, event_item, event_user)}
    for column in left:
        if re.search(WEIGHT_NAMES, column.lower()):
            yield f"  # weight: {_yaml(column)} # would make an event count that much in training"
    yield from _features(left, names, only=OF_EVENT)
    for column, values in left.items():
        kind = guess_kind(column, values)
        if kind.settings.get("kind") == "category":
            yield f"  # keep: {{{_slug(column)}: [{_yaml(_first(values))}]}} # events that count"
            break


def _features(
    columns: Sample,
    names: set[str],
    more: Mapping[str, tuple[str, Kind]] | None = None,
    only: Iterable[str] = (),
) -> Iterator[str]:
    """Yields the lines of the features of a table.

    Args:
        columns: What may become one.
        names: That are taken; extended.
        more: Further ones: column and kind by name.
        only: Kinds that the table may have; any if empty.
    """
    lines = []
    for name, (column, kind) in (more or {}).items():
        names.add(name)
        lines.append(_feature(name, column, kind))
    for column, values in columns.items():
        kind = guess_kind(column, values)
        name = _slug(column)
        while name in names or name.startswith(features.LABEL_PREFIX):
            name = f"its_{name}"
        if not kind.settings:
            lines.append(f"    # {name}: {kind.why}")
        elif only and kind.settings["kind"] not in only:
            lines.append(f"    # {name}: {kind.settings['kind']}, which no event may have")
        else:
            names.add(name)
            lines.append(_feature(name, column, kind))
    if any(not line.lstrip().startswith("#") for line in lines):
        yield "  features:"
    yield from lines


def _feature(name: str, column: str, kind: Kind) -> str:
    settings = {**kind.settings, **({"column": column} if column != name else {})}
    inside = ", ".join(f"{key}: {_yaml(value)}" for key, value in settings.items())
    return f"    {name}: {{{inside}}} # {kind.why}"


def _match(table: Sample, events: Sample, pattern: str, taken: set[str]) -> tuple[str, str, str]:
    """Returns the column of the id in a table and in the events, and why."""
    best = (-1.0, "", "", "")
    for column, values in table.items():
        ids = {_spell(value) for value in values if value is not None}
        if any(isinstance(value, list) for value in values) or len(ids) < len(values):
            continue
        for other, used in events.items():
            if other in taken or any(isinstance(value, list) for value in used):
                continue
            spelled = [_spell(value) for value in used]
            share = sum(text in ids for text in spelled) / len(spelled)
            score = share + 0.3 * bool(re.search(pattern, other.lower()))
            score += 0.2 * (column == other) + 0.1 * ("id" in column.lower())
            why = f"{share:.0%} of the events' {other} are {column} in the first rows"
            if score > best[0]:
                best = (score, column, other, why)
    if best[1]:
        return best[1:]
    column, why = _by_name(table, pattern, set())
    other, _ = _by_name(events, pattern, taken)
    return column, other, f"{why}; no column has a value of its own in every row"


def _by_name(table: Sample, pattern: str, taken: set[str]) -> tuple[str, str]:
    """Returns the column whose name sounds right, or else the first, and why."""
    left = [column for column in table if column not in taken] or list(table)
    for column in left:
        if re.search(pattern, column.lower()):
            return column, "by its name"
    return left[0], "no name says it: the first column that is left"


def _time(events: Sample) -> tuple[str, str]:
    """Returns the column that says when, and its unit."""
    units = {column: guess_time_unit(values) for column, values in events.items()}
    fit = [column for column, unit in units.items() if unit]
    named = [column for column in fit if re.search(TIME_NAMES, column.lower())]
    for column in (*named, *fit):
        return column, str(units[column])
    column, _ = _by_name(events, TIME_NAMES, set())
    return column, "s"


def _title(items: Sample, item: str) -> tuple[str, str]:
    """Returns the column that people are shown, "" where none is a text, and why."""
    texts = {
        column: [value for value in values if value is not None]
        for column, values in items.items()
        if column != item and all(isinstance(value, str | None) for value in values)
    }
    for column, values in texts.items():
        differ = len(set(values)) > 0.5 * len(values)
        if re.search(TITLE_NAMES, column.lower()) and differ and len(values) == len(items[column]):
            return column, "by its name, and nearly every value differs"
    return "", ""


def _slug(column: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")
    return slug if re.match(r"[a-z]", slug) else f"column_{slug}".rstrip("_")


def _model_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-_") or "catalogue"


def _first(values: list[Any]) -> str:
    return _spell(next((value for value in values if value is not None), ""))


def _spell(value: Any) -> str:
    return "" if value is None else str(value)


def _yaml(value: Any) -> str:
    """Returns a scalar as YAML has it within braces."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        text = yaml.safe_dump(value).splitlines()[0]
        return text
    return f'"{value}"' if isinstance(value, str) else str(value)
