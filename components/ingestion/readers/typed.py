"""Raw columns of a file made into the typed columns that the definition names."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from components.ingestion.faults import Faults, cut
from components.ingestion.readers.numbers import type_number, type_weight
from components.ingestion.readers.shards import Origin, Shard
from components.ingestion.readers.texts import (
    type_categories,
    type_category,
    type_id,
    type_title,
    type_words,
)
from components.ingestion.readers.times import type_time
from components.ingestion.readers.units import ANY_MOMENT, Range
from components.ingestion.readers.vectors import type_vector
from transform import features
from transform.definition import Definition, Moment
from transform.kinds import Categories, Category, Feature, Number, Time, Vector, Words
from transform.yaml_files import did_you_mean

ITEMS, USERS, EVENTS = "items", "users", "events"
Role = Feature | Moment | str
"""A feature, the moment of an event, or "id", "title" or "weight"."""

TYPES: dict[type, pa.DataType] = {
    Category: pa.string(),
    Categories: pa.list_(pa.string()),
    Words: pa.string(),
    Number: pa.float32(),
    Time: pa.int64(),
    Moment: pa.int64(),
}
SHOWN = 20  # names of columns in a message
IDS = pa.dictionary(pa.int32(), pa.string())


@dataclasses.dataclass(frozen=True)
class Field:
    """A typed column, and the raw one that it is made from."""

    name: str
    column: str
    key: str
    """Of the definition, for messages."""

    role: Role

    @property
    def type(self) -> pa.DataType:
        """Type of the column."""
        if isinstance(self.role, Vector):
            return pa.list_(pa.float32(), self.role.size)
        if isinstance(self.role, str):
            return {"id": IDS, "title": pa.string(), "weight": pa.float32()}[self.role]
        if isinstance(self.role, Category) and self.key.startswith("event."):
            return IDS
        return TYPES[type(self.role)]


def fields(table: str, definition: Definition) -> tuple[Field, ...]:
    """Returns the columns of `ITEMS`, `USERS` or `EVENTS`."""
    event = definition.event
    if table == ITEMS:
        item = definition.item
        return (
            Field(features.ITEM_ID, item.id, "item.id", "id"),
            *((Field(features.TITLE, item.title, "item.title", "title"),) if item.title else ()),
            *_features("item.features", item.features),
        )
    if table == USERS:
        assert definition.user
        return (
            Field(features.USER_ID, definition.user.id, "user.id", "id"),
            *_features("user.features", definition.user_features),
        )
    weight = Field(features.WEIGHT, event.weight, "event.weight", "weight")
    return (
        Field(features.USER_ID, event.user, "event.user", "id"),
        Field(features.ITEM_ID, event.item, "event.item", "id"),
        Field(features.TIME, event.time.column, "event.time", event.time),
        *((weight,) if event.weight else ()),
        *_features("event.features", event.features),
    )


def type_columns(
    shard: Shard, wanted: tuple[Field, ...], allowed: Range, faults: Faults
) -> pa.Table:
    """Returns the typed columns of a file.

    Args:
        shard: Raw columns.
        wanted: The columns to make.
        allowed: What moments of events can be.
        faults: Told what is wrong; what can't be read is null.
    """
    columns = []
    for field in wanted:
        if field.column not in shard.table.column_names:
            if shard.columns:
                _tell_missing(field, shard, faults)
            columns.append(nulls(shard.table.num_rows, field.type))
            continue
        origin = Origin(shard, field.column, field.key, faults)
        column = shard.table.column(field.column)
        columns.append(_type(column, field, allowed, origin))
    return pa.table(columns, names=[field.name for field in wanted])


def join(parts: list[pa.Table], wanted: tuple[Field, ...]) -> pa.Table:
    """Returns the typed columns of all files as one table in one piece."""
    empty = pa.table([nulls(0, field.type) for field in wanted], names=[f.name for f in wanted])
    return pa.concat_tables([empty, *parts]).unify_dictionaries().combine_chunks()


def _features(key: str, of_table: dict[str, Feature]) -> Iterator[Field]:
    for name, feature in of_table.items():
        yield Field(name, feature.column or name, f"{key}.{name}", feature)


def _type(column: pa.ChunkedArray, field: Field, allowed: Range, origin: Origin) -> pa.Array:
    role = field.role
    if role == "id":
        return type_id(column, origin)
    if role == "title":
        return type_title(column, origin)
    if role == "weight":
        return type_weight(column, origin)
    if isinstance(role, Moment):
        return type_time(column, role.unit, allowed, True, origin)
    if isinstance(role, Time):
        return type_time(column, role.unit, ANY_MOMENT, role.required, origin)
    if isinstance(role, Category):
        return type_category(column, role, origin).cast(field.type)
    if isinstance(role, Categories):
        return type_categories(column, role, origin)
    if isinstance(role, Words):
        return type_words(column, role.required, origin)
    if isinstance(role, Number):
        return type_number(column, role, origin)
    assert isinstance(role, Vector)
    return type_vector(column, role, origin)


def _tell_missing(field: Field, shard: Shard, faults: Faults) -> None:
    name = shard.aliases.get(field.column, field.column)
    there = ", ".join(map(cut, shard.columns[:SHOWN]))
    more = f" and {len(shard.columns) - SHOWN} others" if len(shard.columns) > SHOWN else ""
    headless = all(column.lstrip("-").replace(".", "").isdigit() for column in shard.columns)
    faults.add(
        "missing-column",
        shard.path,
        f"no column {name!r}; there are {there}{more}",
        (
            "The header seems to be missing: add a line with the names of the columns."
            if headless
            else f"Rename a column, or name another in `{field.key}` of the definition."
            + did_you_mean(name, shard.columns)
        ),
        value=name,
        about=field.key,
    )


def nulls(rows: int, kind: pa.DataType) -> pa.Array:
    """Returns a column of nothing but missing values."""
    if pa.types.is_dictionary(kind):
        codes = pa.array(np.zeros(rows, np.int32), mask=np.ones(rows, np.bool_))
        return pa.DictionaryArray.from_arrays(codes, pa.array([], kind.value_type))
    if pa.types.is_fixed_size_list(kind):
        values = pa.array(np.zeros(rows * kind.list_size, np.float32))
        validity = pa.array(np.zeros(rows, np.bool_)).buffers()[1]
        return pa.Array.from_buffers(kind, rows, [validity], children=[values])
    return pa.nulls(rows, kind)
