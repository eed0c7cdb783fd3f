import numpy as np
import pytest

from trainer.fit import ranking


@pytest.mark.parametrize(
    ("scores", "positive", "rank"),
    [
        ([3.0, 2.0, 1.0], 0, 0),
        ([3.0, 2.0, 1.0], 2, 2),
        ([1.0, 1.0, 1.0], 0, 2),
        ([1.0, np.nan, 0.0], 0, 1),
        ([1.0, np.nan, 0.0], 1, 2),
        ([-np.inf, 2.0, 1.0], 2, 1),
    ],
    ids=["best", "worst", "ties-lose", "nan-beside", "nan-is-a-miss", "masked-beside"],
)
def test_ranks(scores, positive, rank):
    assert ranking.ranks(np.array([scores]), np.array([positive])).tolist() == [rank]


def test_gain_halves_at_the_third_place():
    # 1 / log2(0 + 2) = 1, 1 / log2(2 + 2) = 1/2, beyond k nothing
    assert ranking.ndcg_at(np.array([0, 2, 10]), 10).tolist() == [1.0, 0.5, 0.0]


def test_hit_is_within_k():
    assert ranking.hit_at(np.array([0, 9, 10]), 10).tolist() == [1.0, 1.0, 0.0]
