"""Ranking metrics of one held-out item: what each rank is worth.

A metric is a table of gains by rank, so that numpy arrays and tensors of a graph are measured by
the same numbers: `hit_at` and `ndcg_at` look ranks up, a graph gathers from the same table.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.integer]


def hit_gains(k: int) -> Floats:
    """Returns what each rank is worth to the hit rate at `k`.

    Args:
        k: Length of the list.

    Returns:
        `[k + 1]` float64: 1 for ranks 0 to `k - 1`; the last entry, 0, stands for all later ranks.
    """
    return np.append(np.ones(k), 0.0)


def ndcg_gains(k: int) -> Floats:
    """Returns what each rank is worth to NDCG at `k`: 1 / log2(rank + 2).

    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", 2002, with a single
    relevant item, whose ideal gain is 1.

    Args:
        k: Length of the list.

    Returns:
        `[k + 1]` float64; the last entry, 0, stands for all later ranks.
    """
    return np.append(1 / np.log2(np.arange(k) + 2.0), 0.0)


def hit_at(rank: Integers, k: int) -> Floats:
    """Whether each held-out item is among the first `k`.

    >>> hit_at(np.array([0, 9, 10]), 10)
    array([1., 1., 0.])

    Args:
        rank: `[labels]` int, 0 for the top.
        k: Length of the list.

    Returns:
        `[labels]` float64. Its mean is the hit rate at `k`, which with one relevant item a query is
        recall at `k`.
    """
    return _look_up(hit_gains(k), rank)


def ndcg_at(rank: Integers, k: int) -> Floats:
    """Discounted gain of each held-out item as if it were its user's only one.

    >>> ndcg_at(np.array([0, 2, 10]), 10)
    array([1. , 0.5, 0. ])

    Args:
        rank: `[labels]` int, 0 for the top.
        k: Length of the list.

    Returns:
        `[labels]` float64. Its mean is NDCG at `k`.
    """
    return _look_up(ndcg_gains(k), rank)


def _look_up(gains: Floats, rank: Integers) -> Floats:
    return gains[np.minimum(rank, len(gains) - 1)]
