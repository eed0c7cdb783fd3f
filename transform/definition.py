"""The definition of a data set: its items, users and events, and the features of each.

Everything else is made from it: schemas, parsing specs, preprocessing, the inputs of the towers,
signatures, slices, and the words that people read. It is written as YAML:

    name: shop
    item:
      id: sku
      title: name
      features:
        brand: {kind: category, min_count: 5}
    event:
      user: customer
      item: sku
      time: {column: ts, unit: ms}
"""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

import pydantic
from pydantic import Field
from pydantic.dataclasses import dataclass

from transform import features
from transform.conditions import Condition, parse_comparison
from transform.kinds import OF_EVENTS, STRICT, Category, Feature, Number, TimeUnit
from transform.yaml_files import did_you_mean

NAME = re.compile(r"[a-z][a-z0-9_]*")
MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
BUILT_IN_SLICES = (features.ACTIVITY, "label_popularity")
Features = dict[str, Feature]
Unknown = Literal["refuse", "drop", "keep"]


@dataclass(frozen=True, config=STRICT)
class Item:
    """The table of what is recommended, one row a candidate."""

    id: Annotated[str, Field(min_length=1)]
    """Column of the id; a text, kept as it is written."""

    title: str = ""
    """Column of what people are shown; by default the id."""

    noun: str = "item"
    """What people call one, such as "movie"."""

    plural: str = ""
    """What people call many; by default the noun with an s."""

    features: Features = Field(default_factory=dict)
    """What is known of an item without any event, by name."""

    @property
    def nouns(self) -> str:
        """What people call many of them."""
        return self.plural or f"{self.noun}s"


@dataclass(frozen=True, config=STRICT)
class User:
    """The table of those who are recommended to, one row a user."""

    id: Annotated[str, Field(min_length=1)]
    """Column of the id."""

    features: Features = Field(default_factory=dict)
    """What is known of a user besides events, by name."""

    optional: bool = False
    """Whether the table may be missing; nothing is known of anybody then."""


@dataclass(frozen=True, config=STRICT)
class Moment:
    """The column that says when an event was."""

    column: Annotated[str, Field(min_length=1)]
    """Its name."""

    unit: TimeUnit = "s"
    """Seconds, milliseconds or microseconds since 1970-01-01 UTC, or ISO 8601."""


@dataclass(frozen=True, config=STRICT)
class Event:
    """The table of what users did with items."""

    user: Annotated[str, Field(min_length=1)]
    """Column of the user's id."""

    item: Annotated[str, Field(min_length=1)]
    """Column of the item's id."""

    time: Moment
    """When it was."""

    features: Features = Field(default_factory=dict)
    """What is known of an event, by name: categories, numbers and vectors."""

    keep: dict[str, Condition] = Field(default_factory=dict)
    """Which events count, such as `{type: [purchase], rating: ">= 4"}`; empty: all."""

    seen: dict[str, Condition] = Field(default_factory=dict)
    """Which events make an item a seen one, that is left out of answers; empty: all.

    A condition on a feature that is not known of an event counts as fulfilled.
    """

    weight: str = ""
    """Column of a number above 0: how much an event counts in training; empty: 1 each."""

    repeats: Literal["keep", "refuse"] = "keep"
    """Whether a user may have several events with one item."""

    unknown_item: Unknown = "refuse"
    """What becomes of an event with an item that is not in the table of items."""

    unknown_user: Unknown = "refuse"
    """Likewise of an event of a user who is not in the table of users, if there is one."""


@dataclass(frozen=True, config=STRICT)
class Definition:
    """A data set: three tables, their columns and features."""

    name: str
    """Name of the data set and of the model that is served."""

    item: Item
    """What is recommended."""

    event: Event
    """What users did with it."""

    user: User | None = None
    """Who they are; None: nothing is known but events."""

    title: str = ""
    """What people are shown as the name of the data set; by default `name`."""

    slices: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    """What metrics are told apart by: "activity", "label_popularity", or a feature of the user, a
    number with the bounds of its bands."""

    def __post_init__(self) -> None:
        """Checks names, and what refers to them.

        Raises:
            ValueError: Something has no possible meaning; the message starts with its place.
        """
        if not MODEL.fullmatch(self.name):
            raise ValueError(f"name: must be letters, digits, - and _, got {self.name!r}.")
        places: dict[str, str] = {}
        for place, name, feature in self._all():
            if not NAME.fullmatch(name) or "__" in name:
                raise ValueError(
                    f"{place}.{name}: a feature's name is lower-case letters, digits and single _, "
                    f"got {name!r}; `column` may name any column."
                )
            if name in features.RESERVED or name.startswith(
                (features.LABEL_PREFIX, features.HISTORY_PREFIX)
            ):
                raise ValueError(
                    f"{place}.{name}: the name is taken; choose another and give `column`."
                )
            if name in places:
                raise ValueError(
                    f"{place}.{name}: {places[name]} has a feature of this name too; choose "
                    "another and give `column`."
                )
            places[name] = place
            if place == "event.features" and not isinstance(feature, OF_EVENTS):
                raise ValueError(
                    f"{place}.{name}: an event has features of kind category, number or vector, "
                    f"not {feature.kind}."
                )
        self._check_conditions()
        self._check_slices()

    @property
    def shown(self) -> str:
        """What people are shown as the name of the data set."""
        return self.title or self.name

    @property
    def user_features(self) -> Features:
        """Features of the user by name; none where there is no table of users."""
        return self.user.features if self.user else {}

    def to_json(self) -> str:
        """Returns the definition as a component's parameter: the same text for equal ones."""
        return _ADAPTER.dump_json(self).decode()

    def _all(self) -> Iterator[tuple[str, str, Feature]]:
        for place, table in (
            ("item.features", self.item.features),
            ("user.features", self.user_features),
            ("event.features", self.event.features),
        ):
            for name, feature in table.items():
                yield place, name, feature

    def _check_conditions(self) -> None:
        for field in ("keep", "seen"):
            for name, condition in getattr(self.event, field).items():
                place = f"event.{field}.{name}"
                feature = self.event.features.get(name)
                if isinstance(feature, Category) and not isinstance(condition, str):
                    continue
                if isinstance(feature, Number) and isinstance(condition, str):
                    try:
                        parse_comparison(condition)
                    except ValueError as error:
                        raise ValueError(f"{place}: {error}") from None
                    continue
                raise ValueError(
                    f"{place}: must name a category of the event with a list of texts, or a "
                    f"number of it with a comparison, got {condition!r}."
                    + ("" if feature else did_you_mean(name, self.event.features))
                )

    def _check_slices(self) -> None:
        for name, bounds in self.slices.items():
            feature = self.user_features.get(name)
            if isinstance(feature, Number):
                if not bounds or list(bounds) != sorted(set(bounds)):
                    raise ValueError(
                        f"slices.{name}: a number needs ascending bounds, got {list(bounds)}."
                    )
            elif name not in BUILT_IN_SLICES and not isinstance(feature, Category):
                known = (*BUILT_IN_SLICES, *self.user_features)
                raise ValueError(
                    f"slices.{name}: must be {', '.join(BUILT_IN_SLICES)}, or a category or "
                    f"number of the user.{did_you_mean(name, known)}"
                )
            elif bounds:
                raise ValueError(
                    f"slices.{name}: only a number of the user has bounds, got {list(bounds)}; "
                    "write []."
                )


_ADAPTER = pydantic.TypeAdapter(Definition)


def from_json(text: str) -> Definition:
    """Returns the definition that `Definition.to_json` wrote."""
    return _ADAPTER.validate_json(text)
