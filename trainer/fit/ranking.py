"""Rank of each held-out movie among all, by scores: no model, no ids."""

import numpy as np


def ranks(scores: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Returns the rank of one positive per row, best first.

    A tie counts against the positive (a model that scores everything alike finds nothing), and a
    positive whose score is not a number comes last.

    >>> ranks(np.array([[3.0, 2.0, 1.0], [1.0, 1.0, 1.0]]), np.array([1, 0]))
    array([1, 2])

    Args:
        scores: `[rows, candidates]` float.
        positive: `[rows]` int column of the positive.

    Returns:
        `[rows]` int64, 0 for the top.
    """
    own = np.take_along_axis(scores, positive[:, np.newaxis], axis=1)
    ahead = np.sum(~(scores < own), axis=1) - 1
    return np.where(np.isnan(own[:, 0]), scores.shape[1] - 1, ahead).astype(np.int64)
