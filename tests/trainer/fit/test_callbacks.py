import numpy as np
import pytest
import tensorflow as tf

from support.checkerboard import COMMON, UNKNOWN, checkerboard, make_model, train
from trainer.config import ModelConfig
from trainer.data.batches import make_batches
from trainer.fit.callbacks import StopOnNaN, check_weights, make_callbacks
from trainer.fit.optimizers import make_optimizer


def test_training_that_diverges_stops_and_names_the_step():
    tf.keras.utils.set_random_seed(1)
    config = ModelConfig(**{**COMMON, "learning_rate": 1e30, "epochs": 5})
    model = make_model(config)
    model.compile(optimizer=make_optimizer(config, steps_per_epoch=1, sampled=False))
    named = "nan at step 3, batch 1 of epoch 2: .*learning_rate"
    with pytest.raises(FloatingPointError, match=named):
        model.fit(
            make_batches(checkerboard(), config, UNKNOWN),
            steps_per_epoch=2,
            epochs=5,
            callbacks=[StopOnNaN()],
            verbose=0,
        )


def test_weights_that_the_last_step_ruined_are_an_error():
    model, _ = train(ModelConfig(**{**COMMON, "epochs": 1}))
    check_weights(model)
    variable = model.trainable_variables[0]
    variable.assign(tf.fill(variable.shape, np.inf))
    with pytest.raises(FloatingPointError, match=f"{variable.name}.*nothing was exported"):
        check_weights(model)


def test_logs_are_for_tensorboard(tmp_path):
    model, config = make_model(ModelConfig(**COMMON)), ModelConfig(**COMMON)
    model.compile(optimizer=make_optimizer(config, 1, sampled=False))
    model.fit(
        make_batches(checkerboard(), config, UNKNOWN),
        steps_per_epoch=1,
        callbacks=make_callbacks(str(tmp_path)),
        verbose=0,
    )
    assert list((tmp_path / "train").glob("events.out.tfevents.*"))
