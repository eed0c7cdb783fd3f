"""Optimizers and learning rate schedules."""

import tensorflow as tf

from trainer.config import ModelConfig

WARM_UP = 0.5  # epochs
FINAL_RATE = 0.01  # of the highest learning rate


class LazyAdam(tf.keras.optimizers.Adam):
    """Adam that updates only those rows of a table that the batch read.

    Keras's Adam decays the moments of every row, and moves every row, at every step: the cost of a
    step grows with the catalogue, whatever the batch. For dense gradients both are the same.
    """

    def __init__(self, learning_rate: float | tf.keras.optimizers.schedules.LearningRateSchedule):
        """Creates the optimizer, without XLA, which compiles anew for every number of rows."""
        super().__init__(learning_rate, jit_compile=False)

    def update_step(self, gradient: tf.Tensor | tf.IndexedSlices, variable: tf.Variable) -> None:
        """Updates a variable; of a sparse gradient, only its rows (Kingma and Ba, "Adam", 2015).

        Args:
            gradient: Dense, or slices whose indices are all different, as Keras hands them over.
            variable: What it belongs to.
        """
        if not isinstance(gradient, tf.IndexedSlices):
            super().update_step(gradient, variable)
            return
        index = self._index_dict[self._var_key(variable)]
        first, second = self._momentums[index], self._velocities[index]
        step = tf.cast(self.iterations + 1, variable.dtype)
        beta_1, beta_2 = (tf.cast(beta, variable.dtype) for beta in (self.beta_1, self.beta_2))
        unbiased = tf.sqrt(1 - beta_2**step) / (1 - beta_1**step)
        rate = tf.cast(self.learning_rate, variable.dtype) * unbiased
        rows, values = gradient.indices, gradient.values
        mean = beta_1 * tf.gather(first, rows) + (1 - beta_1) * values
        square = beta_2 * tf.gather(second, rows) + (1 - beta_2) * tf.square(values)
        first.scatter_update(tf.IndexedSlices(mean, rows))
        second.scatter_update(tf.IndexedSlices(square, rows))
        change = rate * mean / (tf.sqrt(square) + self.epsilon)
        variable.scatter_sub(tf.IndexedSlices(change, rows))


def make_optimizer(
    config: ModelConfig, steps_per_epoch: int, sampled: bool
) -> tf.keras.optimizers.Optimizer:
    """Creates the optimizer that the configuration names.

    Args:
        config: Hyperparameters.
        steps_per_epoch: Batches in an epoch, which the schedule is stretched over.
        sampled: Whether the loss takes a sample of the catalogue.
    """
    named = {
        "adagrad": tf.keras.optimizers.Adagrad,
        "adam": tf.keras.optimizers.Adam,
        "auto": LazyAdam if sampled else tf.keras.optimizers.Adam,
        "lazy_adam": LazyAdam,
    }
    return named[config.optimizer](learning_rate_schedule(config, steps_per_epoch))


def learning_rate_schedule(
    config: ModelConfig, steps_per_epoch: int
) -> float | tf.keras.optimizers.schedules.LearningRateSchedule:
    """Returns the learning rate, or its schedule by step.

    "cosine" rises linearly over the first `WARM_UP` epochs, then falls along half a cosine to
    `FINAL_RATE` of the highest (Loshchilov and Hutter, "SGDR", 2017, without restarts).

    Args:
        config: Hyperparameters; `learning_rate`, `schedule` and `epochs` are used.
        steps_per_epoch: Batches in an epoch.
    """
    if config.schedule == "constant":
        return config.learning_rate
    warm_up_steps = max(int(WARM_UP * steps_per_epoch), 1)
    return tf.keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=config.learning_rate,
        warmup_steps=warm_up_steps,
        decay_steps=max(config.epochs * steps_per_epoch - warm_up_steps, 1),
        alpha=FINAL_RATE,
    )
