import numpy as np
import pytest

from trainer.data.timelines import NO_GAP, USER_FEATURES, Timelines
from trainer.data.windows import (
    PADDING,
    START,
    find_window_starts,
    latest_inputs,
    make_windows,
    shuffle_histories,
)


def timelines_of(*histories):
    lengths = [len(history) for history in histories]
    return Timelines(
        user_features={name: np.arange(len(histories)) for name in USER_FEATURES},
        history=np.array([movie for history in histories for movie in history], np.int64),
        history_splits=np.array([0, *np.cumsum(lengths)], np.int64),
        label=np.array([], np.int64),
        label_splits=np.zeros(len(histories) + 1, np.int64),
        rating=np.array([movie / 2 for history in histories for movie in history], np.float32),
        label_rating=np.array([], np.float32),
        timestamp=np.array([movie**2 for history in histories for movie in history], np.int64),
        label_timestamp=np.array([], np.int64),
    )


def windows_of(timelines, window, rng=None):
    return make_windows(timelines, find_window_starts(timelines, window, rng), window)


@pytest.mark.parametrize(
    ("histories", "window", "inputs", "targets"),
    [
        ([[5, 6, 7, 8]], 3, [[START, 5, 6], [7, PADDING, PADDING]], [[5, 6, 7], [8, -1, -1]]),
        ([[5, 6]], 3, [[START, 5, PADDING]], [[5, 6, -1]]),
        ([[5], [], [6]], 2, [[START, PADDING], [START, PADDING]], [[5, -1], [6, -1]]),
        ([[5, 6]], 1, [[START], [5]], [[5], [6]]),
    ],
    ids=["longer-than-window", "shorter", "user-without-history", "every-rating-a-row"],
)
def test_training_windows(histories, window, inputs, targets):
    windows = windows_of(timelines_of(*histories), window)
    assert windows.inputs.movies.tolist() == inputs
    assert windows.targets.tolist() == targets


def test_training_windows_carry_their_user():
    windows = windows_of(timelines_of([5, 6, 7], [8]), 2)
    assert windows.user_features["user_id"].tolist() == [0, 0, 1]


@pytest.mark.parametrize("length", [1, 2, 3, 7, 12])
def test_random_cuts_keep_every_movie_a_target_once_after_its_own_past(length):
    history = list(range(100, 100 + length))
    timelines, pasts = timelines_of(history, [5]), set()
    for seed in range(20):
        windows = windows_of(timelines, 4, np.random.default_rng(seed))
        mine = windows.user_features["user_id"] == 0
        inputs, targets = windows.inputs.movies[mine], windows.targets[mine]
        assert targets[targets != PADDING].tolist() == history
        before = dict(zip(history, [START, *history], strict=False))
        for row, after in zip(inputs.tolist(), targets.tolist(), strict=True):
            real = [movie for movie in after if movie != PADDING]
            assert real and after[len(real) :] == row[len(real) :] == [PADDING] * (4 - len(real))
            assert row[: len(real)] == [before[movie] for movie in real]
            pasts.add((after[0], len(real)))
    # the first window of a long history ends in different places
    assert len({size for first, size in pasts if first == 100}) == min(length, 4)


def test_shuffled_histories_keep_their_movies_and_their_user():
    timelines = timelines_of(list(range(30)), [], [70, 71])
    other = shuffle_histories(timelines, np.random.default_rng(0))
    assert other.history[:30].tolist() != list(range(30))
    assert sorted(other.history[:30].tolist()) == list(range(30))
    assert sorted(other.history[30:].tolist()) == [70, 71]
    assert other.history_splits is timelines.history_splits


@pytest.mark.parametrize(
    ("history", "inputs"),
    [
        ([], [START, PADDING, PADDING]),
        ([5], [START, 5, PADDING]),
        ([5, 6], [START, 5, 6]),
        ([5, 6, 7], [5, 6, 7]),
        ([5, 6, 7, 8], [6, 7, 8]),
    ],
    ids=["empty", "one", "just-fits", "start-falls-out", "long"],
)
def test_latest_inputs(history, inputs):
    assert latest_inputs(timelines_of(history), 3).movies.tolist() == [inputs]


def test_inputs_carry_ratings_and_the_time_since_the_movie_before():
    inputs = windows_of(timelines_of([5, 6, 8], [], [3]), 2).inputs
    assert inputs.movies.tolist() == [[START, 5], [6, PADDING], [START, PADDING]]
    assert inputs.ratings.tolist() == [[0, 2.5], [3, 0], [0, 0]]
    assert inputs.gaps.tolist() == [[NO_GAP, NO_GAP], [11, NO_GAP], [NO_GAP, NO_GAP]]
    latest = latest_inputs(timelines_of([5, 6, 8], [], [3]), 2)
    assert latest.movies.tolist() == [[6, 8], [START, PADDING], [START, 3]]
    assert latest.ratings.tolist() == [[3, 4], [0, 0], [0, 1.5]]
    assert latest.gaps.tolist() == [[11, 28], [NO_GAP, NO_GAP], [NO_GAP, NO_GAP]]


def test_shuffled_ratings_stay_with_their_movies():
    other = shuffle_histories(timelines_of(list(range(30))), np.random.default_rng(0))
    assert other.rating.tolist() == [movie / 2 for movie in other.history]
    assert other.timestamp.tolist() == [movie**2 for movie in other.history]
