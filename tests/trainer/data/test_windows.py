import dataclasses

import numpy as np
import pytest

from trainer.data.timelines import NO_GAP, Events, Timelines
from trainer.data.windows import (
    NO_TIME,
    PADDING,
    START,
    find_window_starts,
    first_label_times,
    latest_inputs,
    make_windows,
    shuffle_histories,
)

UNKNOWN = {"rating": 1, "mood": 0}


def events_of(items):
    items = np.array(items, np.int64)
    vectors = np.stack([items, -items], axis=1).astype(np.float32)
    return Events(items, items**2, {"rating": items * 2, "mood": vectors}, items / np.float32(10))


def timelines_of(*histories):
    lengths = [len(history) for history in histories]
    return Timelines(
        user_features={name: np.arange(len(histories)) for name in ("user_id", "age")},
        history=events_of([item for history in histories for item in history]),
        history_splits=np.array([0, *np.cumsum(lengths)], np.int64),
        label=events_of([]),
        label_splits=np.zeros(len(histories) + 1, np.int64),
    )


def windows_of(timelines, window, rng=None):
    return make_windows(timelines, find_window_starts(timelines, window, rng), window, UNKNOWN)


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
    assert windows.inputs.items.tolist() == inputs
    assert windows.targets.tolist() == targets


def test_training_windows_carry_their_user():
    windows = windows_of(timelines_of([5, 6, 7], [8]), 2)
    assert windows.user_features["user_id"].tolist() == [0, 0, 1]


@pytest.mark.parametrize("length", [1, 2, 3, 7, 12])
def test_random_cuts_keep_every_item_a_target_once_after_its_own_past(length):
    history = list(range(100, 100 + length))
    timelines, pasts = timelines_of(history, [5]), set()
    for seed in range(20):
        windows = windows_of(timelines, 4, np.random.default_rng(seed))
        mine = windows.user_features["user_id"] == 0
        inputs, targets = windows.inputs.items[mine], windows.targets[mine]
        assert targets[targets != PADDING].tolist() == history
        before = dict(zip(history, [START, *history], strict=False))
        for row, after in zip(inputs.tolist(), targets.tolist(), strict=True):
            real = [item for item in after if item != PADDING]
            assert real and after[len(real) :] == row[len(real) :] == [PADDING] * (4 - len(real))
            assert row[: len(real)] == [before[item] for item in real]
            pasts.add((after[0], len(real)))
    # the first window of a long history ends in different places
    assert len({size for first, size in pasts if first == 100}) == min(length, 4)


def test_shuffled_histories_keep_their_items_and_their_user():
    timelines = timelines_of(list(range(30)), [], [70, 71])
    other = shuffle_histories(timelines, np.random.default_rng(0))
    assert other.history.item[:30].tolist() != list(range(30))
    assert sorted(other.history.item[:30].tolist()) == list(range(30))
    assert sorted(other.history.item[30:].tolist()) == [70, 71]
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
    assert latest_inputs(timelines_of(history), 3, UNKNOWN).items.tolist() == [inputs]


def test_inputs_carry_ratings_and_the_time_since_the_item_before():
    inputs = windows_of(timelines_of([5, 6, 8], [], [3]), 2).inputs
    assert inputs.items.tolist() == [[START, 5], [6, PADDING], [START, PADDING]]
    assert inputs.events["rating"].tolist() == [[1, 10], [12, 1], [1, 1]]
    assert inputs.events["mood"].tolist()[0] == [[0, 0], [5, -5]]
    assert inputs.times.tolist() == [[NO_TIME, 25], [36, NO_TIME], [NO_TIME, NO_TIME]]
    assert inputs.gaps.tolist() == [[NO_GAP, NO_GAP], [11, NO_GAP], [NO_GAP, NO_GAP]]
    # 6 came 11 seconds after 5; the windows end before it is known what came after 6 and 3
    assert inputs.waits.tolist() == [[NO_GAP, 11], [28, NO_GAP], [NO_GAP, NO_GAP]]
    latest = latest_inputs(timelines_of([5, 6, 8], [], [3]), 2, UNKNOWN)
    assert latest.items.tolist() == [[6, 8], [START, PADDING], [START, 3]]
    assert latest.events["rating"].tolist() == [[12, 16], [1, 1], [1, 6]]
    assert latest.gaps.tolist() == [[11, 28], [NO_GAP, NO_GAP], [NO_GAP, NO_GAP]]
    assert latest.waits.tolist() == [[28, NO_GAP], [NO_GAP, NO_GAP], [NO_GAP, NO_GAP]]


@pytest.mark.parametrize(("asked", "wait"), [(70, 6), (64, 0), (1, 0), (NO_TIME, NO_GAP)], ids=str)
def test_last_event_waits_for_the_request(asked, wait):
    latest = latest_inputs(timelines_of([5, 6, 8], []), 3, UNKNOWN, np.array([asked, 70]))
    assert latest.items.tolist() == [[5, 6, 8], [START, PADDING, PADDING]]
    assert latest.waits.tolist() == [[11, 28, wait], [NO_GAP, NO_GAP, NO_GAP]]


def test_request_comes_with_the_first_label():
    held_out = dataclasses.replace(
        timelines_of([5], [6], [7]), label=events_of([8, 9, 3]), label_splits=np.array([0, 2, 2, 3])
    )
    assert first_label_times(held_out).tolist() == [64, NO_TIME, 9]


def test_shuffled_ratings_stay_with_their_items():
    other = shuffle_histories(timelines_of(list(range(30))), np.random.default_rng(0))
    items = other.history.item
    assert other.history.features["rating"].tolist() == (items * 2).tolist()
    assert other.history.time.tolist() == (items**2).tolist()


def test_targets_carry_their_weights():
    windows = windows_of(timelines_of([5, 6, 8]), 2)
    np.testing.assert_allclose(windows.weights, [[0.5, 0.6], [0.8, 0]])
