"""Order in which held-out events join the histories of their users.

A split holds some of a user's events out as labels. What is served, and what a model is refitted
to, knows them all: the labels join the history again.
"""

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


def join_order(
    timestamp: Integers, splits: Integers, label_timestamp: Integers, label_splits: Integers
) -> tuple[Integers, Integers]:
    """Returns the order of history and labels together, by user and then by time.

    Events of the same second keep their order, those of the history before the labels.

    >>> order, splits = join_order(
    ...     np.array([10, 30]), np.array([0, 2]), np.array([20]), np.array([0, 1])
    ... )
    >>> np.array(["a", "c", "b"])[order], splits
    (array(['a', 'b', 'c'], dtype='<U1'), array([0, 3]))

    Args:
        timestamp: `[events]` int64 seconds, all histories one after another.
        splits: `[users + 1]` int64: user `i`'s history is `timestamp[splits[i]:splits[i + 1]]`.
        label_timestamp: `[labels]` int64 seconds of the held-out events, likewise.
        label_splits: `[users + 1]` int64, as `splits`.

    Returns:
        `[events + labels]` int64 positions in the concatenation of a history column and its label
        column, and the `[users + 1]` int64 splits of the joined histories.
    """
    users = np.arange(len(splits) - 1)
    user = np.concatenate([np.repeat(users, np.diff(each)) for each in (splits, label_splits)])
    order = np.lexsort((np.concatenate([timestamp, label_timestamp]), user))
    return order, splits + label_splits
