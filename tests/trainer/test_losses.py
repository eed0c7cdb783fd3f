"""The sampled softmax, by hand."""

import numpy as np
import pytest
import tensorflow as tf

from trainer.config import ModelConfig
from trainer.losses import SampledSoftmax, full_softmax

SHARE = np.array([0.5, 0.25, 0.25, 0.0])
VECTORS = tf.constant([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [3.0, 3.0]])
QUERIES = tf.constant([[2.0, 0.0], [0.0, 1.0]])
POSITIONS = tf.constant([0, 1], tf.int64)


def embed(positions):
    return tf.gather(VECTORS, positions)


def cross_entropy(logits, own):
    logits = np.array(logits)
    return np.log(np.exp(logits).sum()) - logits[own]


def test_full_softmax_is_the_mean_over_queries():
    expected = (cross_entropy([2, 0, 2, 6], 0) + cross_entropy([0, 1, 1, 3], 1)) / 2
    assert full_softmax(QUERIES, VECTORS, POSITIONS).numpy() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("log_q", "correction"), [(True, [0.5, 0.25]), (False, [1.0, 1.0])], ids=["log-q", "raw"]
)
def test_without_uniform_negatives_it_is_the_batch(log_q, correction):
    loss = SampledSoftmax(ModelConfig(uniform_negatives=0, log_q=log_q), SHARE)
    logits = np.array([[2.0, 0.0], [0.0, 1.0]]) - np.log(correction)
    expected = cross_entropy(logits[0], 0) + cross_entropy(logits[1], 1)
    assert loss(QUERIES, POSITIONS, embed).numpy() == pytest.approx(expected, rel=1e-5)


def test_uniform_negatives_show_movies_that_nobody_rated():
    loss = SampledSoftmax(ModelConfig(uniform_negatives=200), SHARE)
    seen = []
    loss(QUERIES, POSITIONS, lambda sample: seen.append(sample) or embed(sample))
    assert seen[0].shape == [202]
    np.testing.assert_array_equal(seen[0][:2], POSITIONS)
    assert set(seen[0].numpy()) == {0, 1, 2, 3}


def test_a_sample_of_all_is_the_full_softmax_where_it_draws_evenly():
    """With the correction the expected sum over many draws is that over the catalogue."""
    tf.random.set_seed(1)
    share = np.full(4, 0.25)
    loss = SampledSoftmax(ModelConfig(uniform_negatives=20_000, log_q=True), share)
    one = loss(QUERIES[:1], POSITIONS[:1], embed).numpy()
    # 5,000 of each movie, own ones left out as accidental hits: those of the others stand for one
    logits = np.array([2.0, 0.0, 2.0, 6.0])
    others = np.exp(logits[1:]).sum() * 5_000
    assert one == pytest.approx(np.log(np.exp(2.0) + others) - 2.0, rel=1e-2)


def test_probability_mixes_both_ways_of_drawing():
    loss = SampledSoftmax(ModelConfig(uniform_negatives=6), SHARE)
    sample = tf.constant([0, 1, 0, 1, 2, 3, 3, 3], tf.int64)  # two of the batch, six drawn
    share = 0.25 * SHARE + 0.75 / 4
    np.testing.assert_allclose(loss.probability(sample), share[sample.numpy()], rtol=1e-6)
    assert share.sum() == pytest.approx(1)
