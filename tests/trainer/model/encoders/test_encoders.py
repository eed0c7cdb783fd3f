"""The contract of every encoder; what is its own is tested beside it."""

import typing

import numpy as np
import pytest
import tensorflow as tf

from support.checkerboard import COMMON, USER_FEATURES, make_model
from trainer.config import ModelConfig
from trainer.data.windows import START
from trainer.model.encoders import ENCODERS, make_encoder

NAMES = [name for name, encoder in ENCODERS.items() if encoder]
VECTORS = np.random.default_rng(0).normal(size=(2, 4, 8)).astype(np.float32)
REAL = np.array([[True] * 4, [True, True, False, False]])


@pytest.fixture(params=NAMES)
def encoder(request):
    tf.keras.utils.set_random_seed(1)
    return make_encoder(ModelConfig(**{**COMMON, "history": request.param}))


def test_every_name_of_the_configuration_has_an_encoder():
    assert set(typing.get_args(typing.get_type_hints(ModelConfig)["history"])) == set(ENCODERS)


def test_none_is_no_encoder():
    assert make_encoder(ModelConfig(**COMMON, history="none")) is None


def test_shape(encoder):
    encoded = encoder(VECTORS, REAL).numpy()
    assert encoded.shape == VECTORS.shape and np.isfinite(encoded).all()


def test_a_position_depends_on_none_after_it(encoder):
    other = VECTORS.copy()
    other[:, 2:] *= -1
    one, another = encoder(VECTORS, REAL).numpy(), encoder(other, REAL).numpy()
    np.testing.assert_allclose(one[:, :2], another[:, :2], rtol=1e-6)
    assert not np.allclose(one[0, 2:], another[0, 2:])


def test_padding_is_not_read(encoder):
    short = encoder(VECTORS[1:, :2], REAL[1:, :2]).numpy()
    np.testing.assert_allclose(encoder(VECTORS[1:], REAL[1:])[:, :2], short, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("history", NAMES)
def test_a_query_does_not_see_what_comes_after_it(history):
    model = make_model(ModelConfig(**COMMON, history=history))
    rows = {name: tf.zeros([1], tf.int64) for name in USER_FEATURES}
    nothing = tf.zeros([1, 3], tf.int64)
    context = ({"rating": nothing}, nothing - 1, nothing - 1, nothing)
    one = model.query(rows, tf.constant([[START, 1, 3]], tf.int64), *context)
    other = model.query(rows, tf.constant([[START, 1, 8]], tf.int64), *context)
    np.testing.assert_allclose(one[:, :2], other[:, :2], rtol=1e-6)
    assert not np.allclose(one[:, 2], other[:, 2])
