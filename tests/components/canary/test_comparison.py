import re

import numpy as np
import pytest

from components.canary.comparison import compare

IDS = np.array([b"a", b"b", b"c", b"d"], object)
SCORES = np.array([4.0, 3.0, 3.0, 1.0], np.float32)


@pytest.mark.parametrize(
    ("answered", "seen"),
    [
        (["a", "b"], set()),
        (["a", "c"], set()),
        (["b", "c"], {b"a"}),
        (["b", "c", "d", ""], {b"a"}),
    ],
    ids=["as-expected", "equal-scores-may-swap", "seen-left-out", "fewer-left-than-asked"],
)
def test_right_answers(answered, seen):
    assert compare("42", answered, IDS, SCORES, seen) == []


@pytest.mark.parametrize(
    ("answered", "seen", "problem"),
    [
        (["b", "a"], set(), "rank 1 is b, whose score is 3.0000; .* of score 4.0000"),
        (["a", "b"], {b"a"}, "a was seen"),
        (["a", "z"], set(), "z is not in the catalogue"),
        (["a", ""], set(), "1 items were answered, 2 expected"),
    ],
    ids=["order", "seen", "unknown", "too-few"],
)
def test_wrong_answers(answered, seen, problem):
    problems = compare("42", answered, IDS, SCORES, seen)
    assert problems
    assert "user 42" in problems[0]
    assert re.search(problem, " ".join(problems))


@pytest.mark.parametrize(
    ("answered", "seen", "right"),
    [
        (["a", "b"], set(), True),
        (["b", "d"], set(), True),
        (["d", "b"], set(), False),
        (["b", ""], set(), False),
        (["b", "d"], {b"d"}, False),
    ],
    ids=["exact-all-the-same", "the-best-is-missing", "out-of-order", "too-few", "seen"],
)
def test_answers_of_an_index_that_is_not_exact(answered, seen, right):
    assert (compare("42", answered, IDS, SCORES, seen, exact=False) == []) == right


def test_scores_that_are_no_numbers_are_no_match():
    scores = np.array([np.nan, 3.0, 2.0, 1.0], np.float32)
    assert compare("42", ["a", "b"], IDS, scores, set())
