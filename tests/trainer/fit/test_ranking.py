import doctest

import numpy as np
import pytest

from trainer.fit import ranking
from trainer.fit.ranking import ranks


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
    assert ranks(np.array([scores]), np.array([positive])).tolist() == [rank]


def test_example_of_the_documentation():
    assert doctest.testmod(ranking).failed == 0
