"""What Transform makes of a feature, and what a tower therefore takes: the same list for both."""

import dataclasses
from collections.abc import Sequence
from typing import Literal

from transform.kinds import Categories, Category, Feature, Number, Time, Vector, Words

MONTH_ROWS, WEEKDAY_ROWS = 13, 8  # row 0: missing


@dataclasses.dataclass(frozen=True)
class Column:
    """One transformed feature.

    What a missing value becomes depends on the form:

    * `row` with `fixed_rows`: row 0,
    * `row` of a vocabulary: the row after its last entry,
    * `rows`: an empty list,
    * `vector`: zeros.
    """

    name: str
    """Of the transformed feature."""

    form: Literal["row", "rows", "vector"]
    """`[batch]` int64 rows, ragged `[batch, None]` int64 rows, or `[batch, size]` float32."""

    vocabulary: str = ""
    """Name of the vocabulary that the rows are of; one row more stands for the unseen."""

    fixed_rows: int = 0
    """How many rows there are, where no vocabulary says it; row 0: missing."""

    size: int = 0
    """Length of a vector."""


def columns(name: str, feature: Feature) -> tuple[Column, ...]:
    """Returns the columns of a feature.

    Example:
        >>> columns("price", Number(buckets=10))
        (Column(name='price', form='row', vocabulary='', fixed_rows=11, size=0),)
    """
    if isinstance(feature, Category):
        return (Column(name, "row", vocabulary=name),)
    if isinstance(feature, (Categories, Words)):
        return (Column(name, "rows", vocabulary=name),)
    if isinstance(feature, Number):
        return (Column(name, "row", fixed_rows=feature.rows),)
    if isinstance(feature, Vector):
        return (Column(name, "vector", size=feature.size),)
    assert isinstance(feature, Time)
    return (
        Column(name, "row", fixed_rows=1 + feature.buckets),
        Column(month(name), "row", fixed_rows=MONTH_ROWS),
        Column(weekday(name), "row", fixed_rows=WEEKDAY_ROWS),
    )


def all_columns(features: dict[str, Feature]) -> tuple[Column, ...]:
    """Returns the columns of several features, in their order."""
    return tuple(column for name, feature in features.items() for column in columns(name, feature))


def vocabularies(features: dict[str, Feature]) -> tuple[str, ...]:
    """Returns the names of the vocabularies of several features."""
    return tuple(column.vocabulary for column in all_columns(features) if column.vocabulary)


def month(name: str) -> str:
    """Returns the name of the month of a time."""
    return f"{name}__month"


def weekday(name: str) -> str:
    """Returns the name of the day of the week of a time."""
    return f"{name}__weekday"


def seconds(name: str) -> str:
    """Returns the name of a time as it came, for its age at an event."""
    return f"{name}__seconds"


def bucket_name(row: int, steps: Sequence[float]) -> str:
    """Returns what a row of a number stands for, for people to read.

    Example:
        >>> [bucket_name(row, [1905, 1910]) for row in range(4)]
        ['unknown', 'below 1905', '1905 to 1910', 'from 1910']

    Args:
        row: Of the number's table.
        steps: Where buckets end and begin; empty where quantiles cut them.
    """
    if row == 0:
        return "unknown"
    if not steps:
        return f"bucket {row}"
    if row == 1:
        return f"below {steps[0]:g}"
    return (
        f"from {steps[-1]:g}" if row > len(steps) else f"{steps[row - 2]:g} to {steps[row - 1]:g}"
    )
