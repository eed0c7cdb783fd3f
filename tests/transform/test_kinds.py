import math

import pydantic
import pytest

from transform.kinds import OF_EVENTS, Categories, Category, Number, Time, Vector, Words


@pytest.mark.parametrize(
    ("number", "rows"),
    [(Number(), 21), (Number(buckets=2), 3), (Number(steps=(10.0,)), 3), (Number(steps=(1, 2)), 4)],
    ids=["quantiles", "two", "a-step", "two-steps"],
)
def test_rows_of_a_number(number, rows):
    assert number.rows == rows


@pytest.mark.parametrize(
    ("number", "value", "allowed"),
    [
        (Number(min=1, max=5), 1, True),
        (Number(min=1, max=5), 5, True),
        (Number(min=1, max=5), 0.99, False),
        (Number(min=1, max=5), 5.01, False),
        (Number(min=1), 1e30, True),
        (Number(max=1), -1e30, True),
        (Number(), math.nan, False),
        (Number(min=0, max=0), 0, True),
    ],
)
def test_bounds(number, value, allowed):
    assert number.allows(value) == allowed


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (Number, {"min": 5, "max": 1}, "min must not be above max, got 5 and 1"),
        (Number, {"steps": (2, 1)}, r"steps must ascend, got \[2.0, 1.0\]"),
        (Number, {"steps": (1, 1)}, "steps must ascend"),
        (Number, {"steps": (math.nan,)}, "finite"),
        (Number, {"min": math.inf}, "finite"),
        (Number, {"buckets": 1}, "greater than or equal to 2"),
        (Time, {"buckets": 1}, "greater than or equal to 2"),
        (Time, {"unit": "m"}, "'s', 'ms', 'us' or 'iso'"),
        (Vector, {"size": 0}, "greater than 0"),
        (Category, {"min_count": 0}, "greater than 0"),
        (Category, {"prefix": -1}, "greater than or equal to 0"),
        (Categories, {"prefix": 1}, "[Uu]nexpected keyword"),
        (Words, {"filter": True}, "[Uu]nexpected keyword"),
        (Category, {"kind": "words"}, "'category'"),
    ],
)
def test_what_has_no_meaning(kind, settings, message):
    with pytest.raises(pydantic.ValidationError, match=message):
        kind(**settings)


def test_kinds_of_events_have_one_value_each():
    assert set(OF_EVENTS) == {Category, Number, Vector}
