"""The kind of feature that values look like, and why."""

import dataclasses
import datetime
import json
import re
from typing import Any

from components.ingestion.readers.numbers import NUMBER
from components.ingestion.readers.times import ISO, ZONE
from components.ingestion.readers.units import PER_SECOND, YEAR_1990, YEAR_2100

SEPARATORS = ("|", ";", ",")
FEW = 50
TIME_NAMES = r"time|date|_ts$|_at$|release|published|created|updated|since|signup|joined"

_NUMBER = re.compile(NUMBER, re.ASCII)
_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_ISO = re.compile(ISO.removesuffix("$") + f"(?:{ZONE.removesuffix('$')})?$", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Kind:
    """What a column seems to be."""

    settings: dict[str, Any]
    """As in a definition; empty where nothing can be made of it."""

    why: str


def guess_kind(column: str, values: list[Any]) -> Kind:
    """Returns the kind of feature that a column's values look like."""
    known = [value for value in values if value is not None]
    if not known:
        return Kind({}, "no values in the first rows")
    if isinstance(known[0], list):
        return _of_lists(known)
    if isinstance(known[0], (datetime.datetime, datetime.date)):
        return Kind({"kind": "time"}, "moments")
    texts = [str(value) for value in known]
    different = len(set(texts))
    if different == 1 and len(texts) > 1:
        return Kind({}, f"every value is {texts[0][:40]!r}")
    unit = guess_time_unit(known)
    if unit in ("iso", "ms", "us") or (unit and re.search(TIME_NAMES, column.lower())):
        return Kind({"kind": "time", "unit": unit}, f"moments, such as {texts[0]}")
    if all(_NUMBER.match(text) or _COMMA.fullmatch(text) for text in texts):
        return _of_numbers(texts, different)
    size = _vector_size(texts)
    if size:
        return Kind({"kind": "vector", "size": size}, f"{size} numbers each")
    return _of_texts(texts, different)


def guess_time_unit(values: list[Any]) -> str:
    """Returns the unit in which all values are moments of 1990 to 2099, "" where there is none."""
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, (datetime.datetime, datetime.date)) for value in known):
        return "iso"
    texts = [str(value) for value in known]
    if texts and all(_ISO.match(text) for text in texts):
        return "iso"
    if not texts or not all(re.fullmatch(r"\d{9,16}(\.0*)?", text, re.ASCII) for text in texts):
        return ""
    for unit, factor in PER_SECOND.items():
        if all(YEAR_1990 <= float(text) / factor < YEAR_2100 for text in texts):
            return unit
    return ""


def _of_lists(lists: list[Any]) -> Kind:
    flat = [value for values in lists for value in values]
    sizes = {len(values) for values in lists}
    if flat and all(isinstance(value, (int, float)) for value in flat):
        if len(sizes) == 1:
            return Kind({"kind": "vector", "size": sizes.pop()}, "lists of numbers of one length")
        return Kind({}, f"lists of numbers of {len(sizes)} lengths")
    return Kind({"kind": "categories"}, f"lists, {len(set(map(str, flat)))} different values")


def _of_numbers(texts: list[str], different: int) -> Kind:
    if any(re.match(r"0\d", text) for text in texts):
        return Kind({"kind": "category", "min_count": 5}, "digits with leading zeros: a code")
    hint = "; category, if they are codes" if different <= FEW else ""
    return Kind({"kind": "number"}, f"numbers, {different} different ones{hint}")


def _of_texts(texts: list[str], different: int) -> Kind:
    for separator in SEPARATORS:
        divided = [text for text in texts if separator in text]
        parts = [part.strip() for text in texts for part in text.split(separator)]
        few = len(set(parts))
        repeated = len(divided) >= 0.1 * len(texts) and few <= max(FEW, 0.2 * len(parts))
        if repeated and (separator != "," or different > few):  # "Smith, Ann" is one author
            return Kind(
                {"kind": "categories", "separator": separator},
                f"{few} different texts, divided by {separator}",
            )
    words = sum(len(text.split()) for text in texts) / len(texts)
    if words >= 3 and different > 0.5 * len(texts):
        return Kind({"kind": "words"}, f"{words:.0f} words each, nearly every value differs")
    if different <= FEW or different <= 0.5 * len(texts):
        settings = {"kind": "category"} | ({} if different <= FEW else {"min_count": 5})
        return Kind(settings, f"{different:,} different texts in {len(texts):,} rows")
    return Kind({}, f"nearly every value differs, such as {texts[0][:40]!r}: says nothing")


def _vector_size(texts: list[str]) -> int:
    """Returns how many numbers each text holds, 0 if they are no vectors of one length."""
    sizes = set()
    for text in texts[:100]:
        try:
            numbers = json.loads(text) if text.startswith("[") else [*map(float, text.split())]
        except (ValueError, RecursionError):
            return 0
        if not isinstance(numbers, list):
            return 0
        sizes.add(len(numbers))
    return sizes.pop() if len(sizes) == 1 and sizes != {1} else 0
