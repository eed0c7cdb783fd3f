"""Texts of JSON: read as TensorFlow Serving's parser reads them, and shown in its messages."""

import json
import math
import re
from typing import Any

from serving.stand_in.errors import ServingError, invalid

JSON = Any
SHOWN = 200
"""Number of characters of a value that an error message repeats."""

TOO_BIG = "JSON Parse error: Number too big to be stored in double."

_REASONS = (
    ("Extra data", "The document root must not be followed by other values."),
    ("Expecting property name", "Missing a name for object member."),
    ("Illegal trailing comma before the end of object", "Missing a name for object member."),
    ("Expecting ':'", "Missing a colon after a name of object member."),
    ("Unterminated string", "Missing a closing quotation mark in string."),
    ("Invalid \\escape", "Invalid escape character in string."),
    ("Invalid \\u", "Incorrect hex digit after \\u escape in string."),
    ("Invalid control character", "Invalid encoding in string."),
)
"""How messages of Python's parser begin, and what TensorFlow Serving's says instead."""

_STRING = r'"(?:[^"\\]|\\.)*"'
_CONSTANTS = re.compile(_STRING + r"|-?\bInf\b|-NaN\b", re.DOTALL)
_SPELLINGS = {"Inf": "Infinity", "-Inf": "-Infinity", "-NaN": "NaN"}
"""Constants that Python does not know, as it spells them."""


def parse(body: bytes) -> JSON:
    """Reads a text of JSON in UTF-8; bytes that are not UTF-8 may be in strings.

    Of equal keys in an object the first one counts.

    Raises:
        ServingError: It is not JSON.
    """
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    text = body.decode("utf-8-sig", errors="surrogateescape")
    try:
        return _decode(text)
    except json.JSONDecodeError as error:
        if not text.strip(" \t\r\n"):
            raise _error("The document is empty.", len(body)) from error
        spelt = _CONSTANTS.sub(lambda match: _SPELLINGS.get(match[0], match[0]), text)
        if spelt == text:
            raise _translate(error) from error
    try:
        return _decode(spelt)
    except json.JSONDecodeError as error:
        raise _translate(error) from error


def show(value: JSON) -> str:
    """Returns a value as an error message repeats it, cut where it is long."""
    text = ""
    for part in _ENCODER.iterencode(value):
        text += part
        if len(text) > SHOWN:
            return f"{text[:SHOWN]}…"
    return text


def _decode(text: str) -> JSON:
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError:
        raise
    except RecursionError as error:
        raise invalid("JSON Parse error: Lists or objects are nested too deeply.") from error
    except ValueError as error:  # an integer of more digits than Python reads
        raise invalid(TOO_BIG) from error


def _first_of_each(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else dict(reversed(pairs))


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise invalid(TOO_BIG)
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_first_of_each, parse_float=_finite)
_ENCODER = json.JSONEncoder(ensure_ascii=False, indent=4)


def _translate(error: json.JSONDecodeError) -> ServingError:
    before = error.doc[: error.pos]
    for beginning, reason in _REASONS:
        if error.msg.startswith(beginning):
            return _error(reason, _size(before))
    if error.msg.startswith("Expecting ','"):
        brackets = re.sub(r"[^][{}]", "", re.sub(_STRING, "", before, flags=re.DOTALL))
        reason = "Missing a comma or ] after an array element."
        if _innermost(brackets) == "{":
            reason = "Missing a comma or } after an object member."
        return _error(reason, _size(before))
    return _error("Invalid value.", _size(before))


def _innermost(brackets: str) -> str:
    """Returns the bracket that is open at the end of some."""
    closed = 0
    for bracket in reversed(brackets):
        if bracket in "]}":
            closed += 1
        elif closed:
            closed -= 1
        else:
            return bracket
    return ""


def _size(text: str) -> int:
    return len(text.encode(errors="surrogateescape"))


def _error(reason: str, offset: int) -> ServingError:
    return invalid(f"JSON Parse error: {reason} at offset: {offset}")
