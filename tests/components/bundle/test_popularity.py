import numpy as np
import pytest

from components.bundle import popularity

DAY = popularity.SECONDS_PER_DAY


def test_counts_of_items_that_nobody_rated_are_zero():
    assert popularity.counts(np.array([0, 2, 2]), 4).tolist() == [1, 0, 2, 0]


def test_lately_counts_the_last_days_and_breaks_ties_by_all_days():
    positions = np.array([0, 0, 0, 1, 2])
    timestamps = np.array([0, 1, 2, 100 * DAY, 100 * DAY])
    counts = popularity.recent_counts(positions, timestamps, 4, days=30)
    # recent: 0, 1, 1, 0; ever: 3, 1, 1, 0, added as a share of 3 + 1
    assert counts.tolist() == [0.75, 1.25, 1.25, 0.0]


def test_no_rating_at_all():
    nothing = np.array([], np.int64)
    assert popularity.recent_counts(nothing, nothing, 2, days=30).tolist() == [0, 0]


def test_how_late_is_lately():
    positions, timestamps = np.array([0, 1]), np.array([DAY, 3 * DAY])
    assert popularity.recent_counts(positions, timestamps, 2, days=2).tolist() == [0.5, 1.5]
    assert popularity.recent_counts(positions, timestamps, 2, days=3).tolist() == [1.5, 1.5]


@pytest.mark.parametrize(
    ("weight", "priors"), [(0.0, [0, 0, 0]), (1.0, [0, 1, 2]), (0.5, [0, 0.5, 1])]
)
def test_what_is_popular_lately_is_added_to_scores(weight, priors):
    recent = np.array([0, np.e - 1, np.e**2 - 1])
    found = popularity.Trend(weight=weight).prior(recent)
    assert found.dtype == np.float32
    assert found.tolist() == pytest.approx(priors)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"days": 0}, r"(?s)days.*greater than 0.*input_value=0"),
        ({"weight": -1.0}, r"(?s)weight.*greater than or equal to 0.*input_value=-1.0"),
        ({"weight": float("inf")}, r"(?s)weight.*finite number.*input_value=inf"),
        ({"weight": float("nan")}, r"(?s)weight.*finite number.*input_value=nan"),
    ],
)
def test_trends_that_mean_nothing(options, problem):
    with pytest.raises(ValueError, match=problem):
        popularity.Trend(**options)
