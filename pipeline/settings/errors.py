"""The error of a setting that can't be, and the guess at what was meant. Imports nothing heavy."""

import difflib
from collections.abc import Iterable


class ConfigurationError(ValueError):
    """An option, a preset or a file says what can't be; the message says what and where."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Returns "; did you mean …?" with the likeliest of the known names, or nothing."""
    matches = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {matches[0]!r}?" if matches else "."
