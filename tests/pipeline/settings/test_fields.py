"""What is read from the dataclasses: what a setting may be, its default and its meaning."""

from typing import Annotated, Literal

import pytest
from pydantic import ConfigDict, Field, NonNegativeInt, PositiveInt
from pydantic.dataclasses import dataclass

from pipeline.config import Settings
from pipeline.settings import fields

CHECKED = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)


@dataclass(frozen=True, config=CHECKED)
class Inner:
    """What is inside."""

    size: PositiveInt = 3
    """How large,
    in all."""


@dataclass(frozen=True, config=CHECKED)
class Outer:
    """A tree."""

    inner: Inner = Inner()
    """The inner one."""

    count: NonNegativeInt = 0
    share: Annotated[float, Field(ge=0, lt=1)] = 0.5
    lift: Annotated[float, Field(ge=-1, le=1)] = 0.0
    rate: Annotated[float, Field(gt=0)] = 1.0
    weight: Annotated[float, Field(ge=0)] = 1.0
    order: Literal["time", "shuffled"] = "time"
    whether: bool = True
    seed: int = 1
    cut: int | None = None
    text: str = ""
    names: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("inner.size", "an integer >= 1"),
        ("count", "an integer >= 0"),
        ("share", "a number in [0, 1)"),
        ("lift", "a number in [-1, 1]"),
        ("rate", "a number > 0"),
        ("weight", "a number >= 0"),
        ("order", "one of time, shuffled"),
        ("whether", "true or false"),
        ("seed", "an integer"),
        ("cut", "an integer or none"),
        ("text", "a text"),
        ("names", ""),
    ],
)
def test_what_is_allowed(name, allowed):
    assert fields.of(Outer)[name].allowed == allowed


def test_meaning_is_the_docstring_in_one_line():
    assert fields.of(Outer)["inner.size"].meaning == "How large, in all."
    assert fields.sections(Outer) == {"inner": "The inner one."}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("seed", "5", 5),
        ("seed", "5.0", "5.0"),
        ("rate", "1e-3", 0.001),
        ("rate", "fast", "fast"),
        ("whether", "True", True),
        ("whether", "false", False),
        ("whether", "1", "1"),
        ("cut", "none", None),
        ("cut", "null", None),
        ("cut", "7", 7),
        ("text", "7", "7"),
        ("text", "none", "none"),
        ("order", "time", "time"),
    ],
)
def test_text_is_read_by_the_type_and_kept_where_it_is_none(name, text, value):
    found = fields.of(Outer)[name].parse(text)
    assert (type(found), found) == (type(value), value)


def test_every_setting_is_documented_and_says_what_it_may_be():
    assert all(setting.meaning and setting.allowed for setting in fields.of(Settings).values())
    assert all(fields.sections(Settings).values())
