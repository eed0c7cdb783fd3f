"""Which folder of the data a run reads: the newest span, or the one that is asked for.

Who retrains every night writes a folder a night, and names the data by a pattern: `/data/{SPAN}`,
`/data/span-{SPAN:4}/ml-1m`, `/data/{YYYY}-{MM}-{DD}`, each with `{VERSION}` where a night may be
delivered twice. The patterns are TFX's, and so are spans of dates: days since 1970-01-01. Unlike
there, a folder whose name does not fit, such as `8.incoming`, is passed over and no error.
"""

import dataclasses
import datetime
import glob as local_files
import os
import re
from collections.abc import Callable, Sequence
from typing import Any

from transform import features

NEWEST = "newest"

SPECIFICATION = re.compile(r"\{([^{}]*)\}")
WITH_WIDTH = re.compile(r"(SPAN|VERSION)(?::([1-9]\d*))?")
DATE = {"YYYY": 4, "MM": 2, "DD": 2}
EPOCH = datetime.date(1970, 1, 1)
LISTED = 5


@dataclasses.dataclass(frozen=True)
class Folder:
    """One delivery of the data."""

    path: str
    """Where its files are."""

    span: int | None = None
    """Its number; of a date, the days since 1970-01-01. None: the data is this one folder."""

    version: int | None = None
    """Which delivery of that span, where the pattern asks."""


def has_pattern(data: str) -> bool:
    """Returns whether a data folder is a pattern and not one folder."""
    return bool(SPECIFICATION.search(data))


def check_pattern(data: str) -> None:
    """Checks the pattern of a data folder; a plain folder is none, and sound.

    Raises:
        ValueError: It has no meaning; the message says why.
    """
    names = [_name(text, data) for text in SPECIFICATION.findall(data)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{data!r} has {{{twice[0]}}} twice.")
    missing = [name for name in DATE if name not in names]
    dated = len(missing) < len(DATE)
    if dated and missing:
        raise ValueError(f"{data!r} is a pattern of dates without {{{missing[0]}}}.")
    if dated and "SPAN" in names:
        raise ValueError(f"{data!r} has a date and {{SPAN}}: one of them must number the spans.")
    if names == ["VERSION"]:
        raise ValueError(f"{data!r} has {{VERSION}}, but neither {{SPAN}} nor a date.")


def number(span: str) -> int | None:
    """Returns the number of a span as people write it; None for the newest, whichever that is.

    Args:
        span: "newest", a number, or a date such as "2026-01-31".

    Raises:
        ValueError: It is none of them.
    """
    if span == NEWEST:
        return None
    if re.fullmatch("[0-9]+", span):
        return int(span)
    try:
        return (datetime.date.fromisoformat(span) - EPOCH).days
    except ValueError:
        raise ValueError(
            f"span must be a number, a date such as 2026-01-31, or {NEWEST!r}, got {span!r}."
        ) from None


def find(
    data: str, span: str = NEWEST, glob: Callable[[str], Sequence[str]] = local_files.glob
) -> Folder:
    """Returns the folder of a span, which holds at least one file.

    Args:
        data: A folder, or a pattern of folders.
        span: As in `number`.
        glob: Lists the paths that match; another than the default for files in a bucket.

    Raises:
        ValueError: Pattern or span has no meaning, or there is no such folder.
    """
    check_pattern(data)
    wanted = number(span)
    if not has_pattern(data):
        if wanted is not None:
            raise ValueError(
                f"Span {span} is asked for, but {data!r} is one folder: write the data as a "
                "pattern such as /data/{SPAN}."
            )
        return Folder(data)
    found = _folders(data, glob)
    chosen = [folder for folder in found if wanted in (None, folder.span)]
    if not chosen:
        spans = sorted({folder.span for folder in found if folder.span is not None})[::-1]
        there = ", ".join(map(str, spans[:LISTED])) or "none"
        more = " and older ones" if len(spans) > LISTED else ""
        what = f"Span {span}" if wanted is not None else "A span"
        raise ValueError(f"{what} of {data!r} is not there, or empty; there are: {there}{more}.")
    newest = max((folder.span, folder.version or 0) for folder in chosen)
    same = sorted(f.path for f in chosen if (f.span, f.version or 0) == newest)
    if len(same) > 1:
        raise ValueError(f"Span {newest[0]} of {data!r} is there twice: {same[0]} and {same[1]}.")
    return next(folder for folder in chosen if folder.path == same[0])


def of(examples: Any) -> int:
    """Returns the span that an Examples artifact was read from; 0: of one plain folder."""
    return int(examples.get_int_custom_property(features.SPAN))


def _folders(data: str, glob: Callable[[str], Sequence[str]]) -> list[Folder]:
    """Returns every folder that fits the pattern and is not empty."""
    pattern = data.rstrip("/")
    digits = re.compile(_digits(pattern))
    # Files and not folders are looked for: a bucket has no folders, and an empty one is no span.
    files = glob(os.path.join(_as_glob(pattern), "*"))
    matches = (digits.fullmatch(folder) for folder in {os.path.dirname(path) for path in files})
    folders = ((match[0], match.groupdict()) for match in matches if match)
    return [
        Folder(path, span, int(named["VERSION"]) if "VERSION" in named else None)
        for path, named in folders
        if (span := _span(named)) is not None
    ]


def _as_glob(pattern: str) -> str:
    """Returns a pattern for `glob`, in which only its braces stand for anything."""
    literal = SPECIFICATION.split(pattern)[::2]  # between them: what stands in braces
    return "*".join(map(local_files.escape, literal))


def _digits(pattern: str) -> str:
    """Returns a pattern as a regular expression with a group for each part."""
    expression, end = "", 0
    for match in SPECIFICATION.finditer(pattern):
        name, width = _parts(match[1])
        digits = f"[0-9]{{{width}}}" if width else "[0-9]+"
        expression += f"{re.escape(pattern[end : match.start()])}(?P<{name}>{digits})"
        end = match.end()
    return expression + re.escape(pattern[end:])


def _span(named: dict[str, str]) -> int | None:
    """Returns the number of a folder's span; None if its date is none, such as a 31st of June."""
    if "SPAN" in named:
        return int(named["SPAN"])
    try:
        return (datetime.date(*(int(named[part]) for part in DATE)) - EPOCH).days
    except ValueError:
        return None


def _name(text: str, data: str) -> str:
    if text not in DATE and not WITH_WIDTH.fullmatch(text):
        raise ValueError(
            f"{data!r}: {{{text}}} means nothing; a pattern is made of {{SPAN}}, {{VERSION}}, both "
            "also as {SPAN:4} with a width, and {YYYY}, {MM}, {DD}."
        )
    return _parts(text)[0]


def _parts(text: str) -> tuple[str, str | int]:
    """Returns name and width of what stands between braces."""
    name, _, width = text.partition(":")
    return name, DATE.get(name, width)
