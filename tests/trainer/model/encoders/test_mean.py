import numpy as np
import tensorflow as tf

from support.checkerboard import COMMON
from trainer.config import ModelConfig
from trainer.model.encoders.mean import RunningMean


def test_mean_of_what_is_real_so_far():
    encoder = RunningMean(ModelConfig(**{**COMMON, "embedding_dim": 2}))
    vectors = tf.constant([[[1.0, 0.0], [3.0, 4.0], [9.0, 9.0], [2.0, 2.0]]])
    encoder(vectors, tf.constant([[True] * 4]))
    encoder._project.kernel.assign(tf.eye(2))
    encoded = encoder(vectors, tf.constant([[True, True, False, True]]))
    # (1, 0); ((1, 0) + (3, 4)) / 2; padding adds nothing; the sum (6, 6) over three
    np.testing.assert_allclose(encoded[0], [[1, 0], [2, 2], [2, 2], [2, 2]])


def test_nothing_real_is_the_projection_of_0():
    encoder = RunningMean(ModelConfig(**{**COMMON, "embedding_dim": 2}))
    encoded = encoder(tf.ones([1, 2, 2]), tf.zeros([1, 2], tf.bool))
    np.testing.assert_array_equal(encoded, np.zeros([1, 2, 2]))
