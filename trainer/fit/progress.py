"""Progress of a training, in words: epoch, loss, what `eval` said last, and the time left.

The log gets a line for each epoch and, of long ones, every half minute. Who looks at a terminal
listens to the logger `TICKS`, which says the same every second.
"""

import logging as standard_logging
import time
from collections.abc import Callable

import tensorflow as tf
from absl import logging

TICKS = "trainer.progress"
SECONDS_OF_A_TICK, SECONDS_OF_A_LINE = 1.0, 30.0
OF_EVAL = "val_"


class Progress(tf.keras.callbacks.Callback):
    """Logs how far training is."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Makes the callback.

        Args:
            clock: Returns seconds.
        """
        super().__init__()
        self._clock = clock
        self._ticks = standard_logging.getLogger(TICKS)
        self._epoch = 0
        self._evaluated: dict[str, float] = {}
        self._first: float | None = None
        self._ticked = self._told = clock()

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Notes which epoch it is."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Tells, once in a while, how far it is."""
        now = self._clock()
        if self._first is None:  # the first step takes long, since the graph is traced
            self._first = now
        if now - self._ticked >= SECONDS_OF_A_TICK:
            self._tell(now, batch + 1, logs or {}, now - self._told >= SECONDS_OF_A_LINE)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Tells the loss of the epoch's last batch, and its ranking on `eval`."""
        logs = logs or {}
        self._evaluated = {name: logs[name] for name in logs if name.startswith(OF_EVAL)}
        self._tell(self._clock(), self.params["steps"], logs, True)

    def _tell(self, now: float, steps: int, logs: dict, to_log: bool) -> None:
        shown = {"loss": logs["loss"], **self._evaluated} if "loss" in logs else self._evaluated
        numbers = [f"{name} {value:.4f}" for name, value in shown.items()]
        left = self._left(now, self._epoch * self.params["steps"] + steps)
        text = f"Epoch {self._epoch + 1} of {self.params['epochs']}: " + ", ".join(
            [*numbers, *([left] if left else [])]
        )
        self._ticked = now
        self._ticks.debug(text)
        if to_log:
            self._told = now
            logging.info(text)

    def _left(self, now: float, done: int) -> str:
        """Returns how long the steps take that are left, in words; empty where nobody knows."""
        left = self.params["epochs"] * self.params["steps"] - done
        if self._first is None or done < 2 or not left:
            return ""
        return f"{in_words((now - self._first) / (done - 1) * left)} left"


def in_words(seconds: float) -> str:
    """Returns a duration for people.

    >>> in_words(9.7), in_words(100), in_words(8000)
    ('10 s', '1 min 40 s', '2 h 13 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
