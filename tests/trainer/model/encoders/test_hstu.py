import numpy as np
import pytest
import tensorflow as tf

from support.checkerboard import COMMON
from trainer.config import ModelConfig
from trainer.model.encoders.hstu import HSTU

VECTORS = np.random.default_rng(0).normal(size=(1, 3, 8)).astype(np.float32)
REAL = np.ones([1, 3], bool)


def make(**settings):
    tf.keras.utils.set_random_seed(1)
    return HSTU(ModelConfig(**COMMON, **settings))


def distance(encoder):
    """The tables of the blocks that say what a distance adds to the scores."""
    return [one for one in encoder.trainable_variables if one.shape[0] == COMMON["window"]]


def test_order_of_the_past_matters_by_the_distance_alone():
    encoder, swapped = make(), VECTORS[:, [1, 0, 2]]
    np.testing.assert_allclose(encoder(VECTORS, REAL)[:, 2], encoder(swapped, REAL)[:, 2], 1e-4)
    (table,) = distance(encoder)
    table.assign(np.arange(COMMON["window"])[:, np.newaxis] * np.ones(table.shape))
    assert not np.allclose(encoder(VECTORS, REAL)[:, 2], encoder(swapped, REAL)[:, 2], 1e-4)


def test_a_timeline_may_start_anywhere():
    """What a position sees is told by how far back it lies: a first event moves no later one."""
    encoder = make()
    hidden = np.array([[False, True, True]])
    np.testing.assert_allclose(
        encoder(VECTORS, hidden)[:, 1:], encoder(VECTORS[:, 1:], REAL[:, 1:]), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("blocks", [1, 3])
def test_variables_grow_by_block(blocks):
    encoder = make(blocks=blocks)
    encoder(VECTORS, REAL)
    # a block: two norms and two dense layers of two variables each, and the distances; besides
    # the norm at the end
    assert len(encoder.trainable_variables) == 9 * blocks + 2
    assert len(distance(encoder)) == blocks


def test_one_head_by_hand():
    """A block says `x + merge(norm(sum of silu(q k) v / n) · u)`."""
    tf.keras.utils.set_random_seed(1)
    encoder = HSTU(ModelConfig(**{**COMMON, "heads": 1}))
    encoder(VECTORS, REAL)
    (block,) = encoder._blocks

    def norm(x):
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)

    def silu(x):
        return x / (1 + np.exp(-x))

    (x,) = VECTORS
    u, v, q, k = np.split(silu(norm(x) @ block._project.kernel.numpy()), 4, axis=-1)
    weights = np.tril(silu(q @ k.T)) / np.array([[1], [2], [3]])
    expected = norm(x + (norm(weights @ v) * u) @ block._merge.kernel.numpy())
    np.testing.assert_allclose(encoder(VECTORS, REAL)[0], expected, rtol=1e-3, atol=1e-4)


def test_dropout_is_for_training_only():
    encoder = make(dropout=0.5)
    np.testing.assert_array_equal(encoder(VECTORS, REAL), encoder(VECTORS, REAL))
    assert not np.allclose(encoder(VECTORS, REAL), encoder(VECTORS, REAL, training=True))
