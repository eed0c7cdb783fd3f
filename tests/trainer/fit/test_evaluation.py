import dataclasses

import numpy as np
import pytest

from support.checkerboard import COMMON, ITEMS, UNKNOWN, USERS, checkerboard, make_model
from trainer.config import ModelConfig
from trainer.data.timelines import Events
from trainer.fit import evaluation
from trainer.fit.evaluation import HIT, MONITOR, TIMED_HIT, TIMED_NDCG, RankingOnEval


def test_labels_that_training_never_saw_are_an_error():
    timelines = checkerboard()
    label = dataclasses.replace(timelines.label, item=np.full(USERS, ITEMS))
    unseen = dataclasses.replace(timelines, label=label)
    with pytest.raises(ValueError, match="nothing to choose the epoch by"):
        RankingOnEval(unseen, np.arange(ITEMS), 10, True, UNKNOWN)


@pytest.mark.parametrize("at_once", [1, 3 * ITEMS])
def test_ranks_do_not_depend_on_how_many_are_taken_at_once(monkeypatch, at_once):
    timelines = checkerboard()
    many = dataclasses.replace(  # five labels a user, and some never seen in training
        timelines,
        label=Events(np.arange(USERS * 5) % (ITEMS + 1), np.zeros(USERS * 5), {}),
        label_splits=np.arange(USERS + 1) * 5,
    )
    ranking = RankingOnEval(many, np.arange(ITEMS), 10, False, UNKNOWN)
    model = make_model(ModelConfig(**COMMON))
    expected = ranking.label_ranks(model)
    monkeypatch.setattr(evaluation, "SCORES_AT_ONCE", at_once)
    np.testing.assert_array_equal(ranking.label_ranks(model), expected)
    assert len(set(expected.tolist())) > 5


@pytest.mark.parametrize("exclude_seen", [False, True])
def test_ranks_by_hand(exclude_seen):
    model = make_model(ModelConfig(**COMMON))
    ranking = RankingOnEval(checkerboard(), np.arange(ITEMS), 10, exclude_seen, UNKNOWN)
    scores = np.tile(np.arange(ITEMS, dtype=np.float32), (USERS, 1))  # the last item is the best
    ranking._queries = lambda model, users, inputs: scores[users]
    model.candidate_matrix = lambda: np.eye(ITEMS, dtype=np.float32)
    timelines = checkerboard()
    for user, rank in enumerate(ranking.label_ranks(model)):
        seen = timelines.history.item[slice(*timelines.history_splits[user : user + 2])]
        better = range(timelines.label.item[user] + 1, ITEMS)
        assert rank == len(set(better) - set(seen) if exclude_seen else better)


def test_an_epoch_logs_both_means():
    ranking = RankingOnEval(checkerboard(), np.arange(ITEMS), 10, True, UNKNOWN)
    ranking.label_ranks = lambda model: np.array([0, 2, 10, 11])
    ranking.set_model(None)
    logs = {}
    ranking.on_epoch_end(0, logs)
    assert logs == {HIT: 0.5, MONITOR: 0.375}  # (1 + 1 / 2) / 4


def test_an_epoch_logs_the_means_of_timed_requests_beside_them():
    ranking = RankingOnEval(checkerboard(), np.arange(ITEMS), 10, True, UNKNOWN, request_time=True)
    plain, timed = np.array([11, 11, 11, 11]), np.array([0, 2, 10, 11])
    knows = lambda inputs: (inputs.waits[:, -1] >= 0).all()  # noqa: E731
    ranking._label_ranks = lambda model, inputs: timed if knows(inputs) else plain
    ranking.set_model(None)
    logs = {}
    ranking.on_epoch_end(0, logs)
    assert logs == {HIT: 0, MONITOR: 0, TIMED_HIT: 0.5, TIMED_NDCG: 0.375}
