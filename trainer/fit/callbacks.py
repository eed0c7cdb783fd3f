"""What watches training besides the ranking on `eval`: progress, and numbers that went astray."""

import math

import tensorflow as tf
from absl import logging

DIVERGED = (
    "training diverged and nothing was exported. Lower the step size (--set model.learning_rate=…)."
)


def watchers(logs: str) -> list[tf.keras.callbacks.Callback]:
    """Returns what watches every training: for NaN, on the log, and for TensorBoard in `logs`."""
    tensorboard = tf.keras.callbacks.TensorBoard(logs, write_graph=False)
    return [StopOnNaN(), Progress(), tensorboard]


def check_weights(model: tf.keras.Model) -> None:
    """Looks at the weights that training left: a loss tells only of those before its step.

    Raises:
        FloatingPointError: One is infinite or not a number; the message names the variable.
    """
    for variable in model.trainable_variables:
        if not tf.reduce_all(tf.math.is_finite(variable)):
            raise FloatingPointError(
                f"{variable.name} holds numbers that are not finite after the last step: {DIVERGED}"
            )


class Progress(tf.keras.callbacks.Callback):
    """Logs one line an epoch, with the numbers that matter."""

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Logs the loss of the epoch's last batch, and its ranking on `eval`."""
        shown = {name: value for name, value in (logs or {}).items() if "_loss" not in name}
        numbers = ", ".join(f"{name} {value:.4f}" for name, value in shown.items())
        logging.info("Epoch %d: %s", epoch + 1, numbers)


class StopOnNaN(tf.keras.callbacks.Callback):
    """Stops training at the first loss that is not a number, before anything is exported."""

    def __init__(self) -> None:
        """Starts before the first epoch."""
        super().__init__()
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Notes the epoch, for the message."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Looks at the loss of the step.

        Raises:
            FloatingPointError: It is infinite or not a number; the message names the step, and
                the batch that it was of.
        """
        loss = (logs or {})["loss"]
        if not math.isfinite(loss):
            raise FloatingPointError(
                f"The loss is {loss} at step {self.model.optimizer.iterations.numpy()}, batch "
                f"{batch + 1} of epoch {self._epoch + 1}: {DIVERGED}"
            )
