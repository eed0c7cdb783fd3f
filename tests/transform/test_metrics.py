"""What a rank is worth, with the arithmetic in the open."""

import doctest

import numpy as np
import pytest
import tensorflow as tf

from transform import metrics


def test_examples_of_the_documentation():
    assert doctest.testmod(metrics).failed == 0


@pytest.mark.parametrize(
    ("rank", "k", "hit"),
    [([0, 9, 10], 10, [1.0, 1.0, 0.0]), ([0, 1], 1, [1.0, 0.0]), ([10**6], 10, [0.0])],
    ids=["within-k", "first-only", "miss"],
)
def test_hit(rank, k, hit):
    assert metrics.hit_at(np.array(rank), k).tolist() == hit


@pytest.mark.parametrize(
    ("rank", "k", "gain"),
    [
        # 1 / log2(0 + 2) = 1, 1 / log2(2 + 2) = 1 / 2, beyond k nothing
        ([0, 2, 10], 10, [1.0, 0.5, 0.0]),
        ([0, 2, 3, 1], 3, [1.0, 0.5, 0.0, 1 / np.log2(3)]),
    ],
    ids=["halves-at-the-third-place", "shorter-list"],
)
def test_ndcg(rank, k, gain):
    np.testing.assert_allclose(metrics.ndcg_at(np.array(rank), k), gain)


def test_no_label_is_worth_nothing():
    assert metrics.ndcg_at(np.array([], np.int64), 10).shape == (0,)


@pytest.mark.parametrize("k", [1, 5, 10, 100])
def test_tables_hold_the_formula_in_single_precision_too(k):
    rank = tf.range(k, dtype=tf.float32)
    formula = tf.math.log(2.0) / tf.math.log(rank + 2)
    np.testing.assert_allclose(metrics.ndcg_gains(k)[:k], formula, rtol=1e-6)
    assert metrics.ndcg_gains(k)[k] == metrics.hit_gains(k)[k] == 0
