"""How popular each movie is: the answer for users of whom nothing is known, and the bar to beat."""

import numpy as np

RECENT_DAYS = 30
SECONDS_PER_DAY = 86_400


def counts(positions: np.ndarray, movies: int) -> np.ndarray:
    """Returns how often each of `movies` catalogue positions was rated, `[movies]` float32."""
    return np.bincount(positions, minlength=movies).astype(np.float32)


def recent_counts(
    positions: np.ndarray, timestamps: np.ndarray, movies: int, days: int = RECENT_DAYS
) -> np.ndarray:
    """Returns how often each movie was rated lately, ties broken by how often it ever was.

    Args:
        positions: `[ratings]` int64 catalogue positions.
        timestamps: `[ratings]` int64 seconds; the latest one is "now".
        movies: Size of the catalogue.
        days: How long ago "lately" reaches.

    Returns:
        `[movies]` float32: the recent count plus a fraction that grows with the whole count.
    """
    ever = counts(positions, movies)
    if not len(timestamps):
        return ever
    recent = timestamps > timestamps.max() - days * SECONDS_PER_DAY
    return counts(positions[recent], movies) + ever / (ever.max() + 1)
