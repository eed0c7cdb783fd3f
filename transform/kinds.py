"""Kinds of features: what a column may hold, and how many rows of a table its values need.

A kind says what is checked when files are read, what Transform makes of it, and what the towers
do with it: rows of an embedding table, or a projection.

To add one: its class here, its name in `definition_files.KINDS`, its columns in `columns`, its type
in `schemas` and `queries`, its graph in `preprocessing`, its layer in `trainer.model.inputs`, how
files write it in `components.ingestion.readers.typed`, and what a client may leave out in
`serving.client`.
"""

import math
from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, NonNegativeInt, PositiveInt
from pydantic.dataclasses import dataclass

STRICT = ConfigDict(extra="forbid")
QUANTILES = 20

TimeUnit: TypeAlias = Literal["s", "ms", "us", "iso"]
Bound: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True, config=STRICT)
class Category:
    """One of many texts, such as a brand: a row a text."""

    kind: Literal["category"] = "category"

    column: str = ""
    """Column of the files; by default the feature's name."""

    values: tuple[str, ...] = ()
    """The texts that are allowed; empty: any."""

    min_count: PositiveInt = 1
    """Rarer texts share the row of those never seen."""

    prefix: NonNegativeInt = 0
    """Leading characters that count, such as 1 of a zip code; 0: all."""

    required: bool = False
    """Whether a record without it is refused."""

    filter: bool = False
    """Whether recommendations may be filtered by it."""


@dataclass(frozen=True, config=STRICT)
class Categories:
    """Any number of texts, such as genres: the mean of their rows."""

    kind: Literal["categories"] = "categories"

    column: str = ""
    """Column of the files; by default the feature's name."""

    separator: str = "|"
    """What stands between two texts in a CSV file; Parquet and JSON lines may hold lists."""

    none: tuple[str, ...] = ()
    """Texts that mean "none", such as "(no genres listed)"."""

    values: tuple[str, ...] = ()
    """The texts that are allowed; empty: any."""

    min_count: PositiveInt = 1
    """Rarer texts share the row of those never seen."""

    required: bool = False
    """Whether a record without any is refused."""

    filter: bool = False
    """Whether recommendations may be filtered by it."""


@dataclass(frozen=True, config=STRICT)
class Words:
    """A text whose lower-case words count: the mean of their rows."""

    kind: Literal["words"] = "words"

    column: str = ""
    """Column of the files; by default the feature's name."""

    min_count: PositiveInt = 2
    """Rarer words share the row of those never seen: a word of one item says nothing of others."""

    required: bool = False
    """Whether a record without it is refused."""


@dataclass(frozen=True, config=STRICT)
class Number:
    """A number, cut into buckets: a row a bucket, row 0 for a missing one."""

    kind: Literal["number"] = "number"

    column: str = ""
    """Column of the files; by default the feature's name."""

    min: Bound | None = None
    """The least that is allowed."""

    max: Bound | None = None
    """The most that is allowed."""

    steps: tuple[Bound, ...] = ()
    """Where a bucket ends and the next begins, ascending; empty: by quantiles of the data."""

    buckets: Annotated[int, Field(ge=2)] = QUANTILES
    """How many, where quantiles cut them."""

    required: bool = False
    """Whether a record without it is refused."""

    filter: bool = False
    """Whether recommendations may be filtered by it."""

    def __post_init__(self) -> None:
        """Checks the fields against each other.

        Raises:
            ValueError: The bounds or the steps are not in order.
        """
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min must not be above max, got {self.min:g} and {self.max:g}.")
        if any(low >= high for low, high in zip(self.steps, self.steps[1:], strict=False)):
            raise ValueError(f"steps must ascend, got {list(self.steps)}.")

    @property
    def rows(self) -> int:
        """Rows of the embedding table: one a bucket, and row 0 for a missing number."""
        return 1 + (len(self.steps) + 1 if self.steps else self.buckets)

    def allows(self, value: float) -> bool:
        """Returns whether a value lies within the bounds; not a number never does."""
        low = -math.inf if self.min is None else self.min
        high = math.inf if self.max is None else self.max
        return low <= value <= high


@dataclass(frozen=True, config=STRICT)
class Time:
    """A moment, such as a release: quantile buckets, month, day of the week, age at an event."""

    kind: Literal["time"] = "time"

    column: str = ""
    """Column of the files; by default the feature's name."""

    unit: TimeUnit = "s"
    """Seconds, milliseconds or microseconds since 1970-01-01 UTC, or ISO 8601."""

    buckets: Annotated[int, Field(ge=2)] = QUANTILES
    """Quantiles of the data that a moment may fall into."""

    required: bool = False
    """Whether a record without it is refused."""


@dataclass(frozen=True, config=STRICT)
class Vector:
    """A vector of fixed length that was made elsewhere, such as a text embedding: projected."""

    kind: Literal["vector"] = "vector"

    size: PositiveInt = 1
    """How many numbers it has."""

    column: str = ""
    """Column of the files; by default the feature's name. CSV: blanks between numbers, or JSON."""

    required: bool = False
    """Whether a record without it is refused."""


Feature: TypeAlias = Annotated[
    Category | Categories | Words | Number | Time | Vector, Field(discriminator="kind")
]

OF_EVENTS = (Category, Number, Vector)
"""Kinds that an event may have: one value each, so that lists of them stay parallel."""
