import numpy as np

from components.bundle import popularity

DAY = popularity.SECONDS_PER_DAY


def test_counts_of_movies_that_nobody_rated_are_zero():
    assert popularity.counts(np.array([0, 2, 2]), 4).tolist() == [1, 0, 2, 0]


def test_lately_counts_the_last_days_and_breaks_ties_by_all_days():
    positions = np.array([0, 0, 0, 1, 2])
    timestamps = np.array([0, 1, 2, 100 * DAY, 100 * DAY])
    counts = popularity.recent_counts(positions, timestamps, 4)
    # recent: 0, 1, 1, 0; ever: 3, 1, 1, 0, added as a share of 3 + 1
    assert counts.tolist() == [0.75, 1.25, 1.25, 0.0]


def test_no_rating_at_all():
    nothing = np.array([], np.int64)
    assert popularity.recent_counts(nothing, nothing, 2).tolist() == [0, 0]
