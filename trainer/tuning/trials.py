"""Trials of a tuning: Keras Tuner chooses and remembers them, `trainer.run` trains them."""

import logging
import os
import time
from typing import Any

import keras_tuner
import numpy as np
import tensorflow as tf
from keras_tuner.engine import base_tuner, trial

from trainer import run
from trainer.config import ModelConfig
from trainer.data.training_data import TrainingData
from trainer.fit.evaluation import HIT, MONITOR, K
from trainer.tuning.search_space import Space, with_values
from transform import metrics

ERROR, EPOCHS, SECONDS = f"{MONITOR} error", "epochs", "seconds"
COMPLETED = trial.TrialStatus.COMPLETED
LOG = logging.getLogger(__name__)


class Oracle(keras_tuner.oracles.RandomSearchOracle):
    """Random search without repetition, by a seed; the first trial is the base configuration."""

    trials: dict[str, trial.Trial]

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Returns the values of the next trial, as Keras Tuner asks for them."""
        if self.trials:
            return super().populate_space(trial_id)
        defaults = {entry.name: entry.default for entry in self.hyperparameters.space}
        return {"status": trial.TrialStatus.RUNNING, "values": defaults}

    def reload(self) -> None:
        """Reads the trials of a folder in the order in which they started, not that of the files.

        A trial that was killed before its start was recorded is drawn again.
        """
        super().reload()
        self.trials = {trial_id: self.trials[trial_id] for trial_id in self.start_order}


class Trials(base_tuner.BaseTuner):
    """Trains one model a trial, on `train`, and ranks `eval` by it.

    Finished trials are read from the folder; one that was interrupted is run again.
    """

    def __init__(
        self,
        data: TrainingData,
        base: ModelConfig,
        space: Space,
        max_trials: int,
        folder: str,
    ) -> None:
        """Reads what earlier calls left in the folder.

        Args:
            data: Both splits and the catalogue, which all trials share.
            base: Hyperparameters of the first trial; fields that the space does not name stay.
            space: The values to try.
            max_trials: Number of trials that the folder shall hold.
            folder: Folder of the trials; created if missing.
        """
        self._data = data
        self._base = base
        self._max_trials = max_trials
        hyperparameters = keras_tuner.HyperParameters()
        for name, values in space.items():
            hyperparameters.Choice(name, list(values), default=getattr(base, name))
        oracle = Oracle(
            objective=keras_tuner.Objective(MONITOR, direction="max"),
            max_trials=max_trials,
            max_consecutive_failed_trials=max_trials + 1,  # a bad corner is no reason to stop
            seed=1 + base.seed % 2**31,  # 0 would mean any
            hyperparameters=hyperparameters,
            allow_new_entries=False,
            tune_new_entries=False,
        )
        oracle.verbose = 0
        home, name = os.path.split(folder)
        super().__init__(oracle, directory=home, project_name=name)

    def on_search_begin(self) -> None:
        """Logs where the search goes on."""
        self.save()  # marks the folder as a search to go on with
        done = len(self.oracle.end_order)
        LOG.info("%d of %d trials are in %s", done, self._max_trials, self.project_dir)

    def run_trial(self, trial: trial.Trial) -> dict[str, float]:
        """Trains a model and ranks `eval` by it.

        Args:
            trial: Values of the hyperparameters.

        Returns:
            By name: the objective, its standard error, the hit rate, epochs and seconds.

        Raises:
            FailedTrialError: Training diverged; the search goes on.
            FatalError: Anything else went wrong; the search ends.
        """
        config = with_values(self._base, trial.hyperparameters.values)
        logs = os.path.join(self.get_trial_dir(trial.trial_id), "logs")
        if tf.io.gfile.exists(logs):  # of an interrupted attempt
            tf.io.gfile.rmtree(logs)
        began = time.monotonic()
        tf.keras.backend.clear_session()
        try:
            model, on_eval = run.build_and_fit(self._data, config, logs)
            rank = on_eval.label_ranks(model)
        except FloatingPointError as error:
            raise keras_tuner.errors.FailedTrialError(str(error)) from error
        except Exception as error:  # Keras Tuner would go on to the next trial
            number = len(self.oracle.trials)
            raise keras_tuner.errors.FatalRuntimeError(f"trial {number}: {error}") from error
        gains = metrics.ndcg_at(rank, K)
        return {
            MONITOR: float(gains.mean()),
            ERROR: float(gains.std() / np.sqrt(len(gains))),
            HIT: float(metrics.hit_at(rank, K).mean()),
            EPOCHS: len(model.history.epoch),
            SECONDS: round(time.monotonic() - began, 1),
        }

    def on_trial_end(self, trial: trial.Trial) -> None:
        """Saves the trial, and only then logs it: a result that people read is never lost."""
        super().on_trial_end(trial)
        result = "diverged"
        if trial.status == COMPLETED:
            best = trial.metrics.get_best_value
            result = f"ndcg@10 {best(MONITOR):.4f} after {best(EPOCHS):.0f} epochs, "
            result += f"{best(SECONDS):.0f} s"
        values = " ".join(f"{name}={value}" for name, value in trial.hyperparameters.values.items())
        number = len(self.oracle.end_order)
        LOG.info("trial %d of %d: %s: %s", number, self._max_trials, result, values)
