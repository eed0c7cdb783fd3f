"""Callbacks of every training, and a stop where numbers are not finite."""

import math

import tensorflow as tf

from trainer.fit.progress import Progress

DIVERGED = (
    "training diverged and nothing was exported. "
    "Lower the learning rate (--set model.learning_rate=…)."
)


def make_callbacks(logs: str) -> list[tf.keras.callbacks.Callback]:
    """Creates the callbacks of every training: stop at NaN, progress, TensorBoard.

    Args:
        logs: Folder for TensorBoard.
    """
    tensorboard = tf.keras.callbacks.TensorBoard(logs, write_graph=False)
    return [StopOnNaN(), Progress(), tensorboard]


def check_weights(model: tf.keras.Model) -> None:
    """Checks the weights after the last step; a loss only speaks of those before its step.

    Args:
        model: A fitted model.

    Raises:
        FloatingPointError: A weight is infinite or not a number; the message names its variable.
    """
    for variable in model.trainable_variables:
        if not tf.reduce_all(tf.math.is_finite(variable)):
            raise FloatingPointError(
                f"{variable.name} holds numbers that are not finite after the last step: {DIVERGED}"
            )


class StopOnNaN(tf.keras.callbacks.Callback):
    """Stops training at the first loss that is not a number, before anything is exported."""

    def __init__(self) -> None:
        """Starts before the first epoch."""
        super().__init__()
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Remembers the epoch for the message."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Checks the loss of the step.

        Raises:
            FloatingPointError: The loss is infinite or not a number; the message names step,
                batch and epoch.
        """
        loss = (logs or {})["loss"]
        if not math.isfinite(loss):
            raise FloatingPointError(
                f"The loss is {loss} at step {self.model.optimizer.iterations.numpy()}, batch "
                f"{batch + 1} of epoch {self._epoch + 1}: {DIVERGED}"
            )
