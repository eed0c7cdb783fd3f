"""How popular each item is: the answer for users of whom nothing is known, and the bar to beat.

What is popular lately may also be added to every score: training saw the popularity of the past.
"""

from typing import Annotated

import numpy as np
from pydantic import ConfigDict, Field, FiniteFloat, PositiveInt
from pydantic.dataclasses import dataclass

SECONDS_PER_DAY = 86_400


@dataclass(
    frozen=True, config=ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)
)
class Trend:
    """How recent popularity changes answers. Frozen, JSON-able, told in the manifest."""

    days: PositiveInt = 30
    """Days before the latest rating that count as recent."""

    weight: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    """Weight of `log(1 + recent_ratings)` added to each score; 0 disables it. Worth a try where
    `split.method` is temporal: other splits cannot tell what it does."""

    def prior(self, recent: np.ndarray) -> np.ndarray:
        """Returns what is added to each item's score, `[items]` float32: `weight * log(1 + n)`.

        Scores are logits, so that a weight of 1 multiplies an item's odds by `1 + n`.

        Args:
            recent: `[items]` n: what `recent_counts` gave.
        """
        return (self.weight * np.log1p(recent)).astype(np.float32)


NO_TREND = Trend()


def counts(positions: np.ndarray, items: int) -> np.ndarray:
    """Returns how often each of `items` catalogue positions was rated, `[items]` float32."""
    return np.bincount(positions, minlength=items).astype(np.float32)


def recent_counts(
    positions: np.ndarray, timestamps: np.ndarray, items: int, days: int
) -> np.ndarray:
    """Returns how often each item was rated lately, ties broken by how often it ever was.

    Args:
        positions: `[ratings]` int64 catalogue positions.
        timestamps: `[ratings]` int64 seconds; the latest one is "now".
        items: Size of the catalogue.
        days: How long ago "lately" reaches.

    Returns:
        `[items]` float32: the recent count plus a fraction that grows with the whole count.
    """
    ever = counts(positions, items)
    if not len(timestamps):
        return ever
    recent = timestamps > timestamps.max() - days * SECONDS_PER_DAY
    return counts(positions[recent], items) + ever / (ever.max() + 1)
