import dataclasses
import json

import numpy as np
import pytest

from components.ingestion.splits import SPLITS, SplitConfig, split_events, users_of_one_moment

# row   0  1  2  3  4  5  6  7  8  9
USER = [2, 1, 1, 2, 1, 1, 3, 2, 4, 4]
TIME = [9, 5, 3, 9, 5, 3, 7, 4, 8, 8]
# In time order, ties by row:  user 1: 2 5 1 4   user 2: 7 0 3   user 3: 6   user 4: 8 9


def lists(split, name):
    """History and label rows of one split, user by user."""
    history, labels = split.history(name), split.labels(name)
    users = range(len(split.users))
    return (
        [history.of(user).tolist() for user in users],
        [labels.of(user).tolist() for user in users],
    )


def split_of(user, time, config):
    return split_events(np.array(user, np.int32), np.array(time, np.int64), config)


NONE = [[], [], [], []]


@pytest.mark.parametrize(
    ("config", "train", "eval_", "test"),
    [
        (
            SplitConfig(),
            ([[2, 5], [7], [6], [8]], NONE),
            ([[2, 5], [7], [6], [8]], [[1], [0], [], []]),
            ([[2, 5, 1], [7, 0], [6], [8]], [[4], [3], [], [9]]),
        ),
        (
            SplitConfig(method="temporal", eval_cut=5, test_cut=8),
            ([[2, 5], [7], [], []], NONE),
            ([[2, 5], [7], [], []], [[1, 4], [], [6], []]),
            ([[2, 5, 1, 4], [7], [6], []], [[], [0, 3], [], [8, 9]]),
        ),
        (
            # Sorted times: 3 3 4 5 5 7 8 8 9 9. Four of ten are to be tested: those from 8 on.
            # Two of ten are to be evaluated: those from the 5 at place 4 on, and the tie before it.
            SplitConfig(method="temporal", eval_fraction=0.2, test_fraction=0.4),
            ([[2, 5], [7], [], []], NONE),
            ([[2, 5], [7], [], []], [[1, 4], [], [6], []]),
            ([[2, 5, 1, 4], [7], [6], []], [[], [0, 3], [], [8, 9]]),
        ),
        (
            SplitConfig(method="temporal", eval_cut=100, test_cut=100),
            ([[2, 5, 1, 4], [7, 0, 3], [6], [8, 9]], NONE),
            ([[2, 5, 1, 4], [7, 0, 3], [6], [8, 9]], NONE),
            ([[2, 5, 1, 4], [7, 0, 3], [6], [8, 9]], NONE),
        ),
        (
            SplitConfig(method="temporal", eval_fraction=0, test_fraction=0),
            ([[2, 5, 1, 4], [7, 0, 3], [6], [8, 9]], NONE),
            ([[2, 5, 1, 4], [7, 0, 3], [6], [8, 9]], NONE),
            ([[2, 5, 1, 4], [7, 0, 3], [6], [8, 9]], NONE),
        ),
    ],
    ids=["leave-last-out", "temporal-cuts", "temporal-fractions", "cuts-too-late", "no-fractions"],
)
def test_history_and_labels(config, train, eval_, test):
    split = split_of(USER, TIME, config)

    assert split.users.tolist() == [1, 2, 3, 4]
    assert lists(split, "train") == train
    assert lists(split, "eval") == eval_
    assert lists(split, "test") == test


@pytest.mark.parametrize("config", [SplitConfig(), SplitConfig("temporal"), SplitConfig("random")])
def test_a_single_event_can_be_split(config):
    split = split_of([5], [7], config)

    assert split.users.tolist() == [5]
    assert sum(len(split.labels(name).rows) for name in SPLITS) <= 1
    assert len(split.part) == 1


@pytest.fixture(scope="module")
def many():
    """10,000 events of 50 users, many in the same second."""
    chance = np.random.default_rng(0)
    return chance.integers(0, 50, 10_000), chance.integers(0, 3_000, 10_000)


@pytest.mark.parametrize(
    "config",
    [
        SplitConfig(),
        SplitConfig(method="temporal", eval_fraction=0.1, test_fraction=0.2),
        SplitConfig(method="random", eval_fraction=0.1, test_fraction=0.2),
    ],
    ids=lambda config: config.method,
)
def test_splits_fit_together(many, config):
    split = split_events(*many, config)
    train, test = split.history("train").rows, split.history("test").rows
    eval_labels, test_labels = split.labels("eval").rows, split.labels("test").rows

    np.testing.assert_array_equal(split.history("eval").rows, train)
    np.testing.assert_array_equal(np.sort(test), np.sort(np.append(train, eval_labels)))
    np.testing.assert_array_equal(np.sort(np.append(test, test_labels)), np.arange(10_000))
    assert len(split.labels("train").rows) == 0


@pytest.mark.parametrize("method", ["leave_last_out", "temporal", "random"])
def test_every_list_is_in_time_and_file_order(many, method):
    split = split_events(*many, SplitConfig(method))
    _, time = many

    for name in SPLITS:
        for side in (split.history(name), split.labels(name)):
            for user in range(len(split.users)):
                rows = side.of(user)
                assert (many[0][rows] == split.users[user]).all()
                np.testing.assert_array_equal(rows, rows[np.lexsort((rows, time[rows]))])


@pytest.mark.parametrize("method", ["leave_last_out", "temporal"])
def test_labels_never_precede_the_history(many, method):
    split = split_events(*many, SplitConfig(method))
    _, time = many

    for name in ("eval", "test"):
        history, labels = split.history(name), split.labels(name)
        for user in range(len(split.users)):
            known, next_ = time[history.of(user)], time[labels.of(user)]
            if len(known) and len(next_):
                assert known.max() <= next_.min()
                assert method == "leave_last_out" or known.max() < next_.min()


def test_temporal_cuts_are_the_same_for_all_users(many):
    split = split_events(*many, SplitConfig("temporal", eval_fraction=0.1, test_fraction=0.2))
    _, time = many

    assert time[split.history("test").rows].max() < time[split.labels("test").rows].min()
    assert 0.2 <= len(split.labels("test").rows) / 10_000 < 0.205
    assert 0.3 <= 1 - len(split.history("train").rows) / 10_000 < 0.305


def test_random_holds_out_the_fractions_and_depends_on_the_seed_alone(many):
    config = SplitConfig("random", eval_fraction=0.1, test_fraction=0.2, seed=1)
    split, again = split_events(*many, config), split_events(*many, config)
    other = split_events(*many, dataclasses.replace(config, seed=2))

    np.testing.assert_array_equal(split.part, again.part)
    assert (split.part != other.part).any()
    assert len(split.labels("eval").rows) / 10_000 == pytest.approx(0.1, abs=0.01)
    assert len(split.labels("test").rows) / 10_000 == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"method": "leave_one_out"},
            r"(?s)method.*'temporal' or 'random'.*input_value='leave_one_out'",
        ),
        ({"eval_fraction": -0.1}, r"(?s)eval_fraction.*equal to 0.*input_value=-0.1"),
        ({"test_fraction": 1.0}, r"(?s)test_fraction.*less than 1.*input_value=1.0"),
        ({"eval_fraction": 0.5, "test_fraction": 0.5}, "leave something to train on, got 0.5 and"),
        ({"eval_cut": 1, "test_cut": 2}, "cuts are for method temporal, got .* leave_last_out"),
        ({"method": "temporal", "eval_cut": 1}, r"eval_cut must be given .* got \(1, None\)"),
        ({"method": "temporal", "test_cut": 1}, r"eval_cut must be given .* got \(None, 1\)"),
        ({"method": "temporal", "eval_cut": 3, "test_cut": 2}, "not after test_cut"),
    ],
)
def test_refuses_settings_that_make_no_sense(settings, message):
    with pytest.raises(ValueError, match=message):
        SplitConfig(**settings)


def test_a_configuration_survives_json():
    config = SplitConfig("temporal", eval_cut=978300000, test_cut=978400000)

    assert SplitConfig(**json.loads(json.dumps(dataclasses.asdict(config)))) == config


@pytest.mark.parametrize(
    ("user", "time", "expected"),
    [
        (USER, TIME, 1),
        ([1, 1, 2, 2, 2], [5, 5, 7, 7, 7], 2),
        ([1, 1], [5, 6], 0),
        ([1], [5], 0),
        ([1, 2, 1], [5, 5, 5], 1),
    ],
    ids=["one-of-four", "both", "two-moments", "a-single-event-is-no-tie", "not-side-by-side"],
)
def test_users_of_one_moment(user, time, expected):
    split = split_of(user, time, SplitConfig())
    assert users_of_one_moment(split, np.array(time)) == expected


def test_users_without_events_are_no_users():
    assert split_of([7, 3, 7], [1, 2, 3], SplitConfig()).users.tolist() == [3, 7]
