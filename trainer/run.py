"""Entry point of TFX's Trainer: read, build, fit, export.

Functions only: TFX reloads this module.
"""

import os
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging

from trainer import projector, warm_start
from trainer.config import ModelConfig
from trainer.data.batches import make_batches, steps_per_epoch
from trainer.data.timelines import Timelines
from trainer.data.training_data import TrainingData, read_training_data
from trainer.export import Towers
from trainer.fit.callbacks import check_weights, make_callbacks
from trainer.fit.evaluation import MONITOR, RankingOnEval
from trainer.fit.optimizers import make_optimizer
from trainer.model.towers import candidate_rows
from trainer.model.two_tower import TwoTowerModel
from transform.definition import from_json


def run_fn(fn_args: Any) -> None:
    """Trains and exports the towers. TFX Trainer calls this.

    Args:
        fn_args: TFX's `FnArgs`, plus `item_files` and `items_transform_output` (see
            `components.training.trainer`). `custom_config` holds `definition`, JSON, and
            `model`, a `ModelConfig`.
    """
    config = ModelConfig(**fn_args.custom_config["model"])
    data = read_training_data(
        definition=from_json(fn_args.custom_config["definition"]),
        train_files=fn_args.train_files,
        eval_files=fn_args.eval_files,
        item_files=fn_args.item_files,
        timelines_graph=fn_args.transform_output,
        items_graph=fn_args.items_transform_output,
        base_model=fn_args.base_model,
    )
    model = train(data, config, fn_args.model_run_dir)
    export(model, data, config, fn_args.serving_model_dir)
    write_projector(model, data, fn_args.model_run_dir)


def train(data: TrainingData, config: ModelConfig, logs: str) -> TwoTowerModel:
    """Returns the model to serve, fitted once or twice as `config.refit` says.

    Args:
        data: Both splits and the catalogue.
        config: Hyperparameters.
        logs: Folder for TensorBoard.
    """
    if config.refit and not config.patience:  # the number of epochs is known
        return refit(data, config, config.epochs, logs)
    model, _ = build_and_fit(data, config, logs)
    return refit(data, config, best_epoch(model), logs) if config.refit else model


def build_and_fit(
    data: TrainingData, config: ModelConfig, logs: str
) -> tuple[TwoTowerModel, RankingOnEval]:
    """Fits a new model to `train`; the one way in which training and tuning do so.

    Args:
        data: Both splits and the catalogue.
        config: Hyperparameters.
        logs: Folder for TensorBoard.

    Returns:
        The model with the weights of its best epoch, and what ranks `eval` by it.
    """
    model = build(data, config, data.train)
    ranking = RankingOnEval(
        data.eval,
        data.positions,
        config.window,
        config.exclude_seen,
        data.unknown_rows(),
        config.request_time,
    )
    callbacks = [ranking, *make_callbacks(logs)]
    if config.patience:
        callbacks.append(
            tf.keras.callbacks.EarlyStopping(
                monitor=MONITOR, mode="max", patience=config.patience, restore_best_weights=True
            )
        )
    fit(model, data.train, data.unknown_rows(), config, config.epochs, callbacks)
    return model, ranking


def refit(data: TrainingData, config: ModelConfig, epochs: int, logs: str) -> TwoTowerModel:
    """Fits a new model to `train` and `eval`, with nothing left to choose by.

    Args:
        data: Both splits and the catalogue.
        config: Hyperparameters.
        epochs: Passes over the data.
        logs: Folder for TensorBoard; this training logs to `refit` below it.
    """
    logging.info("Fitting to train and eval together, %d epochs.", epochs)
    tf.keras.backend.clear_session()
    whole = data.train_and_eval()
    model = build(data, config, whole)
    callbacks = make_callbacks(os.path.join(logs, "refit"))
    fit(model, whole, data.unknown_rows(), config, epochs, callbacks)
    return model


def best_epoch(model: TwoTowerModel) -> int:
    """Returns the number of the epoch, from 1, whose weights early stopping restored."""
    return int(np.argmax(model.history.history[MONITOR])) + 1


def build(data: TrainingData, config: ModelConfig, timelines: Timelines) -> TwoTowerModel:
    """Creates the model, compiled, and with the weights of an earlier one on a warm start.

    Args:
        data: Catalogue, vocabularies and the bundle of a warm start.
        config: Hyperparameters.
        timelines: The histories that the model will be fitted to.

    Raises:
        ImportError: TensorFlow came with Keras 3.
    """
    if not tf.keras.Model.__module__.startswith("tf_keras"):
        raise ImportError(
            "trainer needs Keras 2: set TF_USE_LEGACY_KERAS=1 before importing TensorFlow."
        )
    tf.keras.utils.set_random_seed(config.seed)
    tf.config.experimental.enable_op_determinism()
    model = TwoTowerModel(
        config,
        data.definition,
        sizes=data.sizes,
        candidates=candidate_rows(data.catalogue, data.rows_of_catalogue()),
        position_of_row=data.positions,
        counts=data.counts,
        item_times=data.item_times(),
    )
    steps = steps_per_epoch(timelines, config)
    model.compile(optimizer=make_optimizer(config, steps, config.samples(len(data.catalogue))))
    if config.warm_start:
        batch = next(iter(make_batches(timelines, config, data.unknown_rows())))
        model.compute_loss(batch)  # creates the variables
        warm_start.start_from(data.base_model, model, data.vocabularies)
    return model


def fit(
    model: TwoTowerModel,
    timelines: Timelines,
    unknown: dict[str, int],
    config: ModelConfig,
    epochs: int,
    callbacks: list[tf.keras.callbacks.Callback],
) -> None:
    """Fits a model.

    Args:
        model: As `build` returns it.
        timelines: The histories to learn.
        unknown: Row of an unknown value, by name of the event feature.
        config: Hyperparameters.
        epochs: Passes over the timelines.
        callbacks: Keras callbacks.

    Raises:
        FloatingPointError: Training diverged.
    """
    model.fit(
        make_batches(timelines, config, unknown),
        steps_per_epoch=steps_per_epoch(timelines, config),
        epochs=epochs,
        callbacks=callbacks,
        verbose=0,
    )
    check_weights(model)


def export(model: TwoTowerModel, data: TrainingData, config: ModelConfig, folder: str) -> None:
    """Writes the towers as a SavedModel."""
    towers = Towers(
        model,
        data.definition,
        data.unknown_rows(),
        data.timelines_transform,
        data.items_transform,
        config,
    )
    tf.saved_model.save(towers, folder)


def write_projector(model: TwoTowerModel, data: TrainingData, logs: str) -> None:
    """Writes the items' vectors and titles into the log folder, for TensorBoard's projector."""
    projector.write(
        logs,
        model.candidate_matrix().numpy(),
        data.catalogue,
        data.definition.item.features,
        data.vocabularies,
        data.events_of_catalogue(),
    )
