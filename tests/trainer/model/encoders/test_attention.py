import numpy as np
import pytest
import tensorflow as tf

from support.checkerboard import COMMON
from trainer.config import ModelConfig
from trainer.model.encoders.attention import CausalAttention

VECTORS = np.random.default_rng(0).normal(size=(1, 3, 8)).astype(np.float32)
REAL = np.ones([1, 3], bool)


def make(**settings):
    tf.keras.utils.set_random_seed(1)
    return CausalAttention(ModelConfig(**COMMON, **settings))


def test_order_of_the_past_matters():
    encoder = make()
    one = encoder(VECTORS, REAL)[:, 2]
    assert not np.allclose(one, encoder(VECTORS[:, [1, 0, 2]], REAL)[:, 2])


@pytest.mark.parametrize("blocks", [1, 3])
def test_variables_grow_by_block(blocks):
    encoder = make(blocks=blocks)
    encoder(VECTORS, REAL)
    # a block: query, key, value and output, two norms, two dense layers, of two variables each;
    # besides the positions, and the norm at the end
    assert len(encoder.trainable_variables) == 16 * blocks + 3
    assert encoder.trainable_variables[0].shape == (COMMON["window"], 8)


def test_vectors_leave_with_mean_0_and_deviation_1():
    encoded = make()(VECTORS, REAL).numpy()
    np.testing.assert_allclose(encoded.mean(axis=-1), 0, atol=1e-6)
    np.testing.assert_allclose(encoded.std(axis=-1), 1, rtol=1e-3)


def test_dropout_is_for_training_only():
    encoder = make(dropout=0.5)
    np.testing.assert_array_equal(encoder(VECTORS, REAL), encoder(VECTORS, REAL))
    assert not np.allclose(encoder(VECTORS, REAL, training=True), encoder(VECTORS, REAL))
