"""Where each held-out movie ranks among all: pure functions on scores, no model."""

import numpy as np


def ranks(scores: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Returns the rank of one positive per row, best first.

    A tie counts against the positive (a model that scores everything alike finds nothing), and a
    positive whose score is not a number comes last.

    Args:
        scores: `[rows, candidates]` float.
        positive: `[rows]` int column of the positive.

    Returns:
        `[rows]` int64, 0 for the top.
    """
    own = np.take_along_axis(scores, positive[:, np.newaxis], axis=1)
    ahead = np.sum(~(scores < own), axis=1) - 1
    return np.where(np.isnan(own[:, 0]), scores.shape[1] - 1, ahead).astype(np.int64)


def hit_at(rank: np.ndarray, k: int) -> np.ndarray:
    """Returns 1.0 where the positive is among the first `k`; its mean is recall@k."""
    return (rank < k).astype(np.float32)


def ndcg_at(rank: np.ndarray, k: int) -> np.ndarray:
    """Returns the normalised discounted gain of one positive: 1 / log2(rank + 2) within `k`.

    Järvelin and Kekäläinen 2002 with a single relevant item, whose ideal gain is 1.
    """
    return np.where(rank < k, 1 / np.log2(rank + 2.0), 0.0).astype(np.float32)
