"""How popular each item is: the answer for users of whom nothing is known, and the bar to beat.

What is popular lately may also be added to every score: training saw the popularity of the past.
"""

import dataclasses
import math

import numpy as np

SECONDS_PER_DAY = 86_400


@dataclasses.dataclass(frozen=True)
class Trend:
    """What popularity of late does to answers. Frozen, JSON-able, told in the manifest."""

    days: int = 30
    """How long ago "lately" reaches."""

    weight: float = 0.0
    """What the logarithm of an item's recent ratings, plus one, counts beside its score; 0 for
    users of whom something is known: their tastes only."""

    def __post_init__(self) -> None:
        """Checks every field.

        Raises:
            ValueError: A field has no possible meaning.
        """
        if self.days < 1:
            raise ValueError(f"days must be at least 1, got {self.days}.")
        if not 0 <= self.weight < math.inf:
            raise ValueError(f"weight must be a number from 0, got {self.weight}.")

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
