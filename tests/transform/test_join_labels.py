"""Histories and labels, joined by user and time."""

import doctest
import itertools

import numpy as np
import pytest

from transform import join_labels


def test_example_of_the_documentation():
    assert doctest.testmod(join_labels).failed == 0


@pytest.mark.parametrize(
    ("times", "label_times", "joined"),
    [
        ([[1, 3]], [[2]], [["h1", "l2", "h3"]]),
        ([[1, 2]], [[2]], [["h1", "h2", "l2"]]),
        ([[2]], [[2, 1]], [["l1", "h2", "l2"]]),
        ([[], [5]], [[7], []], [["l7"], ["h5"]]),
        ([[9], [1]], [[8], [0]], [["l8", "h9"], ["l0", "h1"]]),
        ([[3, 4]], [[]], [["h3", "h4"]]),
        ([], [], []),
    ],
    ids=[
        "between",
        "ties-after-the-history",
        "labels-out-of-order",
        "empty-lists",
        "users-stay-apart",
        "no-label",
        "no-user",
    ],
)
def test_join_order(times, label_times, joined):
    def flat(rows):
        values = np.array([value for row in rows for value in row], np.int64)
        return values, np.array([0, *np.cumsum([len(row) for row in rows])], np.int64)

    (time, splits), (label_time, label_splits) = flat(times), flat(label_times)
    order, new_splits = join_labels.join_order(time, splits, label_time, label_splits)
    names = np.array([f"h{t}" for t in time] + [f"l{t}" for t in label_time], object)[order]
    rows = [names[a:b].tolist() for a, b in itertools.pairwise(new_splits)]
    assert rows == joined
