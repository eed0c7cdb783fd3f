"""What moves the weights: the optimizer, and the size of its steps."""

import tensorflow as tf

from trainer.config import ModelConfig

WARM_UP = 0.5  # epochs
LAST_STEP = 0.01  # of the largest


class LazyAdam(tf.keras.optimizers.Adam):
    """Adam that leaves alone the rows of a table which a batch did not read.

    Keras's Adam decays the moments of every row, and moves every row, at every step: the cost of a
    step grows with the catalogue, whatever the batch. For dense gradients both are the same.
    """

    def __init__(self, learning_rate: float | tf.keras.optimizers.schedules.LearningRateSchedule):
        """Creates the optimizer, without XLA, which compiles anew for every number of rows."""
        super().__init__(learning_rate, jit_compile=False)

    def update_step(self, gradient: tf.Tensor | tf.IndexedSlices, variable: tf.Variable) -> None:
        """Updates a variable, of a sparse gradient only the rows (Kingma and Ba, 2015).

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


def optimizer(
    config: ModelConfig, steps_per_epoch: int, sampled: bool
) -> tf.keras.optimizers.Optimizer:
    """Returns the optimizer that the configuration names.

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
    return named[config.optimizer](step_size(config, steps_per_epoch))


def step_size(
    config: ModelConfig, steps_per_epoch: int
) -> float | tf.keras.optimizers.schedules.LearningRateSchedule:
    """Returns the size of the steps, or how it changes from one to the next."""
    if config.schedule == "constant":
        return config.learning_rate
    rise = max(int(WARM_UP * steps_per_epoch), 1)
    return tf.keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=config.learning_rate,
        warmup_steps=rise,
        decay_steps=max(config.epochs * steps_per_epoch - rise, 1),
        alpha=LAST_STEP,
    )
