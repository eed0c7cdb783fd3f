"""The sampled softmax, by hand."""

import numpy as np
import pytest
import tensorflow as tf

from trainer.config import ModelConfig
from trainer.model.losses import SampledSoftmax, SharedSoftmax, full_softmax

SHARE = np.array([0.5, 0.25, 0.25, 0.0])
VECTORS = tf.constant([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [3.0, 3.0]])
QUERIES = tf.constant([[2.0, 0.0], [0.0, 1.0]])
POSITIONS = tf.constant([0, 1], tf.int64)
APART, TOGETHER = tf.constant([0, 1], tf.int64), tf.constant([5, 5], tf.int64)


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
    assert loss(QUERIES, POSITIONS, APART, embed).numpy() == pytest.approx(expected, rel=1e-5)


def test_items_of_the_same_window_are_no_negatives():
    loss = SampledSoftmax(ModelConfig(uniform_negatives=0, log_q=False), SHARE)
    assert loss(QUERIES, POSITIONS, TOGETHER, embed).numpy() == pytest.approx(0.0, abs=1e-6)


def test_uniform_negatives_show_items_that_nobody_rated():
    loss = SampledSoftmax(ModelConfig(uniform_negatives=200), SHARE)
    seen = []
    loss(QUERIES, POSITIONS, APART, lambda sample: seen.append(sample) or embed(sample))
    assert seen[0].shape == [202]
    np.testing.assert_array_equal(seen[0][:2], POSITIONS)
    assert set(seen[0].numpy()) == {0, 1, 2, 3}


@pytest.mark.parametrize(("log_q", "alike"), [(True, True), (False, False)])
def test_a_large_sample_teaches_what_the_whole_catalogue_does_if_corrected(log_q, alike):
    tf.random.set_seed(1)
    share = np.array([0.4, 0.3, 0.2, 0.1])
    batch = 3_000
    others = np.random.default_rng(1).choice(4, batch - 1, p=share)
    config = ModelConfig(uniform_negatives=300, log_q=log_q, remove_accidental_hits=False)
    loss = SampledSoftmax(config, share)
    query = tf.constant([[0.5, -0.2]])
    with tf.GradientTape() as tape:
        tape.watch(query)
        queries = tf.concat([query, tf.zeros([batch - 1, 2])], axis=0)
        total = loss(queries, tf.constant([0, *others], tf.int64), tf.range(batch), embed)
    sampled = tape.gradient(total, query)
    with tf.GradientTape() as tape:
        tape.watch(query)
        total = full_softmax(query, VECTORS, POSITIONS[:1])
    error = np.abs(sampled - tape.gradient(total, query)).max()
    assert error < 0.05 if alike else error > 0.2


def test_rare_items_of_a_large_catalogue_are_told_from_popular_ones():
    """TFRS alone takes no probability to be below 1e-6."""
    items, popular = 2_000_000, 0.001
    share = np.full(items, (1 - popular) / (items - 1))
    share[0] = popular
    loss = SampledSoftmax(ModelConfig(uniform_negatives=2), share)
    often, rarely = 0.5 * popular, 0.5 * share[1] + 0.5 / items
    zeros = tf.zeros([2, 2])
    found = loss(zeros, POSITIONS, APART, lambda sample: tf.zeros([len(sample), 2]))
    both = 1 / often + 3 / rarely  # all scores are 0, so that only the correction counts
    assert found.numpy() == pytest.approx(np.log(both * often) + np.log(both * rarely), rel=1e-4)


def test_probability_mixes_both_ways_of_drawing():
    loss = SampledSoftmax(ModelConfig(uniform_negatives=6), SHARE)
    sample = tf.constant([0, 1, 0, 1, 2, 3, 3, 3], tf.int64)  # two of the batch, six drawn
    share = 0.25 * SHARE + 0.75 / 4
    np.testing.assert_allclose(loss.probability(sample), share[sample.numpy()], rtol=1e-6)
    assert share.sum() == pytest.approx(1)


def shared(share=SHARE, **settings):
    return SharedSoftmax(ModelConfig(loss="sampled_softmax", **settings), np.asarray(share))


def test_shared_negatives_by_hand():
    loss = shared(shared_negatives=3)
    loss.draw = lambda: tf.constant([2, 0, 3], tf.int64)
    # as likely as by half of the shares and half of 1/4 each
    weight = np.log(3 * np.array([0.25, 0.375, 0.125]))
    first = [2, 2 - weight[0], 6 - weight[2]]  # the 0 that was drawn is the first query's own
    second = [1, *(np.array([1, 0, 3]) - weight)]
    expected = [cross_entropy(first, 0), cross_entropy(second, 0)]
    found = loss(QUERIES, POSITIONS, APART, embed).numpy()
    assert found == pytest.approx(np.mean(expected), rel=1e-5)
    found = loss(QUERIES, POSITIONS, APART, embed, tf.constant([1.0, 3.0])).numpy()
    assert found == pytest.approx(np.average(expected, weights=[1, 3]), rel=1e-5)


def test_each_item_is_embedded_once():
    seen = []
    loss = shared(shared_negatives=100)
    loss(QUERIES, POSITIONS, APART, lambda sample: seen.append(sample) or embed(sample))
    assert sorted(seen[0].numpy()) == [0, 1, 2, 3]


def test_items_are_drawn_as_often_as_is_said():
    tf.random.set_seed(1)
    loss = shared(shared_negatives=100_000)
    np.testing.assert_allclose(loss.probability, [0.375, 0.25, 0.25, 0.125])
    often = np.bincount(loss.draw(), minlength=4) / 100_000
    np.testing.assert_allclose(often, loss.probability, atol=0.01)


@pytest.mark.parametrize(("log_q", "alike"), [(True, True), (False, False)])
def test_shared_negatives_teach_what_the_whole_catalogue_does_if_corrected(log_q, alike):
    tf.random.set_seed(1)
    loss = shared([0.7, 0.2, 0.1, 0.0], shared_negatives=20_000, log_q=log_q)
    query = tf.constant([[0.5, -0.2]])
    gradients = []
    for of in (
        lambda: loss(query, POSITIONS[:1], APART[:1], embed),
        lambda: full_softmax(query, VECTORS, POSITIONS[:1]),
    ):
        with tf.GradientTape() as tape:
            tape.watch(query)
            total = of()
        gradients.append(tape.gradient(total, query).numpy())
    error = np.abs(gradients[0] - gradients[1]).max()
    assert error < 0.05 if alike else error > 0.2
