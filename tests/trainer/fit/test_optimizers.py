"""The optimizers of our own, beside Keras's."""

import numpy as np
import pytest
import tensorflow as tf

from trainer.config import ModelConfig
from trainer.fit.optimizers import FINAL_RATE, LazyAdam, learning_rate_schedule, make_optimizer


def step_table(by, gradients):
    """Returns a table after some steps."""
    table = tf.Variable(tf.ones([3, 2]))
    by.build([table])
    for gradient in gradients:
        by.apply_gradients([(gradient, table)])
    return table.numpy()


def rows(*indices):
    return tf.IndexedSlices(tf.ones([len(indices), 2]), tf.constant(indices, tf.int64), [3, 2])


def test_dense_steps_are_adams():
    gradients = [tf.constant([[1.0, 2.0], [0.0, 1.0], [3.0, -1.0]])] * 3
    np.testing.assert_allclose(
        step_table(LazyAdam(0.1), gradients), step_table(tf.keras.optimizers.Adam(0.1), gradients)
    )


def test_rows_read_every_time_move_as_adams_do():
    gradients = [rows(0, 2)] * 4
    lazy, eager = (
        step_table(by, gradients) for by in (LazyAdam(0.1), tf.keras.optimizers.Adam(0.1))
    )
    np.testing.assert_allclose(lazy, eager, rtol=1e-5)


def test_rows_that_are_not_read_stay():
    before = step_table(LazyAdam(0.1), [rows(0, 1)])
    after = step_table(LazyAdam(0.1), [rows(0, 1), rows(0)])
    np.testing.assert_array_equal(after[1:], before[1:])
    assert (after[0] < before[0]).all()
    eager = tf.keras.optimizers.Adam(0.1)
    assert (
        step_table(eager, [rows(0, 1), rows(0)])[1] < before[1]
    ).all()  # what the lazy one spares


def test_a_row_read_twice_in_a_batch_moves_by_the_sum():
    np.testing.assert_allclose(
        step_table(LazyAdam(0.1), [rows(0, 0)]),
        step_table(
            LazyAdam(0.1), [tf.IndexedSlices([[2.0, 2.0]], tf.constant([0], tf.int64), [3, 2])]
        ),
    )


@pytest.mark.parametrize(
    ("name", "sampled", "kind"),
    [
        ("adam", True, tf.keras.optimizers.Adam),
        ("adagrad", True, tf.keras.optimizers.Adagrad),
        ("lazy_adam", False, LazyAdam),
        ("auto", False, tf.keras.optimizers.Adam),
        ("auto", True, LazyAdam),
    ],
)
def test_named(name, sampled, kind):
    assert type(make_optimizer(ModelConfig(optimizer=name), 10, sampled)) is kind


def test_cosine_rises_then_falls_to_the_final_rate():
    rate = learning_rate_schedule(ModelConfig(learning_rate=0.1, epochs=4, schedule="cosine"), 100)
    rates = [float(rate(step)) for step in (0, 25, 50, 225, 400, 900)]
    assert rates[:3] == pytest.approx([0.0, 0.05, 0.1])
    assert rates[3] == pytest.approx(0.1 * (1 + FINAL_RATE) / 2)
    assert rates[4:] == pytest.approx([0.1 * FINAL_RATE] * 2)


def test_constant_is_a_number():
    assert learning_rate_schedule(ModelConfig(learning_rate=0.1, schedule="constant"), 100) == 0.1
