"""Inputs of the signature `recommend`: what is known, and all else unknown. Needs no TensorFlow.

A value that is not known is "" among texts, NaN among numbers, `MISSING` among times of a user,
zeros in a vector, and 0 as the time of an event or of the request.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from transform.definition import Definition, Features
from transform.kinds import Categories, Feature, Number, Time, Vector
from transform.yaml_files import did_you_mean

MISSING = -(2**63)
UNKNOWN_TIME = 0
HISTORY_ITEM_IDS, HISTORY_TIMES = "history_item_ids", "history_times"
EXCLUDE_ITEM_IDS = "exclude_item_ids"
REQUEST_TIME = "request_time"
REQUIRE, FORBID = "require", "forbid"
LATEST_REQUEST = 10**11  # seconds of the year 5138

Inputs = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Event:
    """An event of a history."""

    item_id: str
    """With which item."""

    time: int = UNKNOWN_TIME
    """Seconds since 1970-01-01 UTC; 0: not known."""

    features: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """What is known of it, by the names of the definition."""


def build(
    definition: Definition,
    history: Sequence[Event | str],
    user: Mapping[str, Any],
    exclude: Sequence[str],
    request_time: int = UNKNOWN_TIME,
) -> Inputs:
    """Returns the inputs of one request by name, in batches of one: texts as lists, else arrays.

    Args:
        definition: Of the data set that the bundle was made of.
        history: Events, oldest first; of a bare id nothing else is known.
        user: Features of the user by name; None is not known.
        exclude: Ids of items to leave out, besides those of the history.
        request_time: Seconds since 1970-01-01 UTC; 0: not known.

    Raises:
        ValueError: A feature is not of the definition, or a value not of its kind.
    """
    events = [Event(each) if isinstance(each, str) else each for each in history] or [Event("")]
    _check_names(user, definition.user_features, "user")
    for event in events:
        _check_names(event.features, definition.event.features, "event")
    inputs: Inputs = {
        HISTORY_ITEM_IDS: [[_text(event.item_id, "An item id") for event in events]],
        HISTORY_TIMES: np.array([[_event_time(event.time) for event in events]], np.int64),
        EXCLUDE_ITEM_IDS: excluded(exclude),
        REQUEST_TIME: np.array([check_request_time(request_time)], np.int64),
    }
    for name, feature in definition.user_features.items():
        inputs[name] = _of_kind(feature, [_value(feature, name, user.get(name))])
    for name, feature in definition.event.features.items():
        values = [_value(feature, name, event.features.get(name)) for event in events]
        inputs[f"history_{name}"] = _of_kind(feature, [values])
    return inputs


def of_users(user_ids: Sequence[str], request_time: int, exclude: Sequence[str]) -> Inputs:
    """Returns the inputs of `recommend_user` by name.

    Args:
        user_ids: `[batch]` ids.
        request_time: Seconds since 1970-01-01 UTC; 0: not known.
        exclude: Ids of items to leave out for all of them.

    Raises:
        ValueError: An id is no text, or the time not in seconds.
    """
    seconds = check_request_time(request_time)
    return {
        "user_id": list(user_ids),
        REQUEST_TIME: np.full(len(user_ids), seconds, np.int64),
        EXCLUDE_ITEM_IDS: excluded(exclude) * len(user_ids),
    }


def terms(require: Sequence[str], forbid: Sequence[str], rows: int = 1) -> Inputs:
    """Returns the inputs that a filter adds to those of a request, the same for all rows.

    Args:
        require: Terms such as "genres=Comedy": alternatives where they are of one feature.
        forbid: Terms of which an item must meet none.
        rows: Rows of the request.

    Raises:
        ValueError: A term is no text.
    """
    sides = ((REQUIRE, require), (FORBID, forbid))
    for _, side in sides:
        if isinstance(side, str):
            raise ValueError(f"A filter is a list of terms, got the text {side!r}.")
    return {
        name: [[_text(term, "A term of a filter") for term in side] or [""]] * rows
        for name, side in sides
    }


def excluded(item_ids: Sequence[str]) -> list[list[str]]:
    """Returns ids to leave out as an input of one request.

    Raises:
        ValueError: One is no text.
    """
    return [[_text(item_id, "An item id") for item_id in item_ids] or [""]]


def check_request_time(seconds: int) -> int:
    """Returns the time of a request.

    Raises:
        ValueError: It is not in whole seconds since 1970.
    """
    if not 0 <= _whole(seconds, REQUEST_TIME) < LATEST_REQUEST:
        raise ValueError(
            f"{REQUEST_TIME} is in seconds since 1970-01-01 UTC, 0 where it is not known, got "
            f"{seconds}; divide milliseconds by 1000."
        )
    return int(seconds)


def check_event(definition: Definition, given: Mapping[str, Any]) -> None:
    """Checks the features of an event.

    Args:
        definition: Of the data set.
        given: Values by name; None is not known.

    Raises:
        ValueError: A feature is not of the definition, or a value not of its kind.
    """
    _check_names(given, definition.event.features, "event")
    for name, value in given.items():
        _value(definition.event.features[name], name, value)


def _event_time(seconds: int) -> int:
    """Returns the time of an event.

    Raises:
        ValueError: It is not in whole seconds.
    """
    if _whole(seconds, "time") >= LATEST_REQUEST:
        raise ValueError(
            "The time of an event is in seconds since 1970-01-01 UTC, 0 where it is not known, got "
            f"{seconds}; divide milliseconds by 1000."
        )
    return int(seconds)


def _value(feature: Feature, name: str, value: Any) -> Any:
    """Returns a value as the signature takes it; the one that means "not known" for None.

    Raises:
        ValueError: It is not of the feature's kind.
    """
    if isinstance(feature, Vector):
        vector = [0.0] * feature.size if value is None else [_number(each, name) for each in value]
        if len(vector) != feature.size:
            raise ValueError(f"{name} is a vector of {feature.size} numbers, got {len(vector)}.")
        return vector
    if isinstance(feature, Categories):
        if isinstance(value, str):
            raise ValueError(f"{name} is a list of texts, got the text {value!r}.")
        return [_text(each, name) for each in value or ()] or [""]
    if isinstance(feature, Number):
        return math.nan if value is None else _number(value, name)
    if isinstance(feature, Time):
        return MISSING if value is None else _whole(value, name)
    return "" if value is None else _text(value, name)


def _of_kind(feature: Feature, values: list[Any]) -> Any:
    if isinstance(feature, (Number, Vector)):
        return np.array(values, np.float32)
    return np.array(values, np.int64) if isinstance(feature, Time) else values


def _check_names(given: Iterable[str], known: Features, whose: str) -> None:
    for name in given:
        if name not in known:
            raise ValueError(
                f"The {whose} has no feature {name!r}; there are: {', '.join(known) or 'none'}."
                f"{did_you_mean(name, known)}"
            )


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is a text, got {value!r}; ids and categories are never numbers.")
    return value


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise ValueError(f"{name} is a number, got {value!r}.")
    return float(value)


def _whole(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise ValueError(f"{name} is a time in whole seconds since 1970-01-01 UTC, got {value!r}.")
    return int(value)
