"""Conditions on events: which of them count, and which make an item a seen one.

Written in a definition as a mapping from feature to what it must be, all of which must hold:

    keep: {type: [purchase, rent], rating: ">= 4"}
"""

import operator
import re
from collections.abc import Mapping

OPERATORS = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}
COMPARISON = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*([-+]?\d+(?:\.\d+)?)\s*", re.ASCII)

Condition = tuple[str, ...] | str
"""Texts, one of which it must be; or a comparison with a number, such as ">= 4"."""

Conditions = Mapping[str, Condition]


def parse_comparison(text: str) -> tuple[str, float]:
    """Returns the operator and the number of a comparison.

    Example:
        >>> parse_comparison(">= 4")
        ('>=', 4.0)

    Raises:
        ValueError: It is none.
    """
    match = COMPARISON.fullmatch(text)
    if not match:
        raise ValueError(f'expected a comparison such as ">= 4", got {text!r}.')
    return match[1], float(match[2])
