"""History encoders of the query tower, by name; each is one module.

An encoder is a Keras layer that is created from the configuration and called with

* `vectors`: `[batch, length, dim]` float32, one for each item of a timeline,
* `real`: `[batch, length]` bool, False where there is padding,
* `training`: whether dropout is on,

and returns `[batch, length, dim]` float32, of which position `i` depends on no item after `i`;
values at padded positions mean nothing. To add one, write its module, name it in `ENCODERS`, and
allow the name in `ModelConfig.history`.
"""

from collections.abc import Callable

import tensorflow as tf

from trainer.config import ModelConfig
from trainer.model.encoders.attention import CausalAttention
from trainer.model.encoders.hstu import HSTU
from trainer.model.encoders.mean import RunningMean

ENCODERS: dict[str, Callable[[ModelConfig], tf.keras.layers.Layer] | None] = {
    "none": None,  # ids and user features only: no item of a history is looked up
    "mean": RunningMean,
    "attention": CausalAttention,
    "hstu": HSTU,
}


def make_encoder(config: ModelConfig) -> tf.keras.layers.Layer | None:
    """Creates the encoder that `config.history` names; None where queries use no history.

    Args:
        config: Hyperparameters.
    """
    encoder = ENCODERS[config.history]
    return encoder(config) if encoder else None
