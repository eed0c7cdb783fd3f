import numpy as np
import pytest

from trainer.timelines import (
    PADDING,
    PROFILE_ROWS,
    START,
    Timelines,
    latest_inputs,
    read_timelines,
    training_windows,
)


def timelines_of(*histories):
    lengths = [len(history) for history in histories]
    return Timelines(
        profile={name: np.arange(len(histories)) for name in PROFILE_ROWS},
        history=np.array([movie for history in histories for movie in history], np.int64),
        history_splits=np.array([0, *np.cumsum(lengths)], np.int64),
        label=np.array([], np.int64),
        label_splits=np.zeros(len(histories) + 1, np.int64),
    )


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
    windows = training_windows(timelines_of(*histories), window)
    assert windows.inputs.tolist() == inputs
    assert windows.targets.tolist() == targets


def test_training_windows_carry_their_user():
    windows = training_windows(timelines_of([5, 6, 7], [8]), 2)
    assert windows.profile["user_id"].tolist() == [0, 0, 1]


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
    assert latest_inputs(timelines_of(history), 3).tolist() == [inputs]


def test_empty_split_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="the split is empty"):
        read_timelines([str(tmp_path / "*")], dict.fromkeys(PROFILE_ROWS))
