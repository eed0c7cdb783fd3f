"""Popularity prior and fallback ranking.

The fallback is for users of whom nothing is known, and a baseline to beat. Recent popularity may
also be added to every score: training saw the popularity of the past.
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
    """Days before the latest event that count as recent."""

    weight: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    """Weight of `log(1 + recent_events)` added to each score; 0 disables it. Worth a try where
    `split.method` is temporal: other splits cannot tell what it does."""

    def prior(self, recent: np.ndarray) -> np.ndarray:
        """Returns what is added to each item's score, `[items]` float32: `weight * log(1 + n)`.

        Scores are logits, so that a weight of 1 multiplies an item's odds by `1 + n`.

        Args:
            recent: `[items]` numbers of recent events n, as `recent_counts` returns them.
        """
        return (self.weight * np.log1p(recent)).astype(np.float32)


NO_TREND = Trend()


def counts(positions: np.ndarray, items: int) -> np.ndarray:
    """Returns the number of events of each of `items` catalogue positions, `[items]` float32."""
    return np.bincount(positions, minlength=items).astype(np.float32)


def recent_counts(positions: np.ndarray, times: np.ndarray, items: int, days: int) -> np.ndarray:
    """Returns the number of recent events of each item, ties broken by that of all events.

    Args:
        positions: `[events]` int64 catalogue positions.
        times: `[events]` int64 seconds; the latest is "now".
        items: Size of the catalogue.
        days: Days before "now" that count as recent.

    Returns:
        `[items]` float32: the recent count plus a fraction that grows with the total.
    """
    total = counts(positions, items)
    if not len(times):
        return total
    recent = times > times.max() - days * SECONDS_PER_DAY
    return counts(positions[recent], items) + total / (total.max() + 1)
