"""What TFX's Trainer calls: read, build, fit, export. Functions only: TFX reloads this module."""

import os

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
from absl import logging

from trainer import projector, warm_start
from trainer.config import ModelConfig
from trainer.data.batches import batches, steps_per_epoch
from trainer.data.catalogue import read_catalogue
from trainer.data.timelines import Timelines, read_timelines
from trainer.export import Towers
from trainer.fit.callbacks import check_weights, watchers
from trainer.fit.evaluation import MONITOR, RankingOnEval
from trainer.fit.optimizers import optimizer
from trainer.model.towers import candidate_rows
from trainer.model.two_tower import TwoTowerModel
from transform import features

VOCABULARIES = (
    features.USER_ID,
    features.GENDER,
    features.OCCUPATION,
    features.ZIP,
    features.MOVIE_ID,
)
CONTENT_VOCABULARIES = (features.GENRES, features.TITLE_WORDS)


def run_fn(fn_args) -> None:  # type: ignore[no-untyped-def]
    """Trains and exports the towers. TFX Trainer calls this.

    Args:
        fn_args: TFX's `FnArgs`, plus `movie_files` and `movies_transform_output` (see
            `components.training.trainer`). `custom_config["model"]` holds a `ModelConfig`.
    """
    config = ModelConfig(**fn_args.custom_config["model"])
    model = trained(fn_args, config)
    timelines = tft.TFTransformOutput(fn_args.transform_output)
    movies = tft.TFTransformOutput(fn_args.movies_transform_output)
    tf.saved_model.save(Towers(model, timelines, movies, config), fn_args.serving_model_dir)
    write_projector(fn_args, model, timelines, movies)


def trained(fn_args, config: ModelConfig) -> TwoTowerModel:  # type: ignore[no-untyped-def]
    """Returns the model to serve, fitted once or twice as `config.refit` says."""
    if config.refit and not config.patience:  # how many epochs it takes is known
        return refit(fn_args, config, config.epochs)
    model, _ = build_and_fit(fn_args, config)
    return refit(fn_args, config, best_epoch(model)) if config.refit else model


def build_and_fit(  # type: ignore[no-untyped-def]
    fn_args, config: ModelConfig
) -> tuple[TwoTowerModel, RankingOnEval]:
    """Builds the model and fits it: the one way in which training and tuning do so.

    Args:
        fn_args: As of `run_fn`; `serving_model_dir` and `custom_config` are not looked at.
        config: Hyperparameters.

    Returns:
        The model with the weights of its best epoch, and what ranks `eval` by it.
    """
    timelines = tft.TFTransformOutput(fn_args.transform_output)
    train = read_timelines(fn_args.train_files, timelines.transformed_feature_spec())
    held_out = read_timelines(fn_args.eval_files, timelines.transformed_feature_spec())
    model, positions = build(fn_args, config, train)
    ranking = RankingOnEval(held_out, positions, config.window, config.exclude_seen)
    watching = [ranking, *watchers(fn_args.model_run_dir)]
    if config.patience:
        watching.append(
            tf.keras.callbacks.EarlyStopping(
                monitor=MONITOR, mode="max", patience=config.patience, restore_best_weights=True
            )
        )
    fit(model, train, config, config.epochs, watching)
    return model, ranking


def refit(fn_args, config: ModelConfig, epochs: int) -> TwoTowerModel:  # type: ignore[no-untyped-def]
    """Builds the model and fits it to `train` and `eval`, without anything to choose by.

    Args:
        fn_args: As of `build_and_fit`.
        config: Hyperparameters.
        epochs: Passes over the data.
    """
    timelines = tft.TFTransformOutput(fn_args.transform_output)
    whole = read_timelines(
        fn_args.eval_files,  # they hold everybody's history, the labels aside
        timelines.transformed_feature_spec(),
        learn_labels_of=timelines.vocabulary_size_by_name(features.MOVIE_ID),
    )
    logging.info("Fitting to train and eval together, %d epochs.", epochs)
    tf.keras.backend.clear_session()
    model, _ = build(fn_args, config, whole)
    fit(model, whole, config, epochs, watchers(os.path.join(fn_args.model_run_dir, "refit")))
    return model


def best_epoch(model: TwoTowerModel) -> int:
    """Returns after how many epochs the weights were taken that early stopping restored."""
    return int(np.argmax(model.history.history[MONITOR])) + 1


def build(  # type: ignore[no-untyped-def]
    fn_args, config: ModelConfig, train: Timelines
) -> tuple[TwoTowerModel, np.ndarray]:
    """Builds the model, ready to be fitted.

    Args:
        fn_args: As of `build_and_fit`.
        config: Hyperparameters.
        train: What it will be fitted to.

    Returns:
        The model, and the catalogue position of each row of the movies' vocabulary.
    """
    if not tf.keras.Model.__module__.startswith("tf_keras"):
        raise ImportError(
            "trainer needs Keras 2: set TF_USE_LEGACY_KERAS=1 before importing TensorFlow."
        )
    tf.keras.utils.set_random_seed(config.seed)
    tf.config.experimental.enable_op_determinism()

    timelines = tft.TFTransformOutput(fn_args.transform_output)
    movies = tft.TFTransformOutput(fn_args.movies_transform_output)
    catalogue = read_catalogue(fn_args.movie_files)

    movie_ids, counts = counted_vocabulary(timelines, features.MOVIE_ID)
    positions = catalogue.positions_of(movie_ids)
    model = TwoTowerModel(
        config,
        sizes=vocabulary_sizes(timelines, movies),
        candidates=candidate_rows(catalogue, rows_of_catalogue(positions, len(catalogue))),
        position_of_row=positions,
        counts=counts,
    )
    steps = steps_per_epoch(train, config)
    model.compile(optimizer=optimizer(config, steps, config.samples(len(catalogue))))
    if config.warm_start:
        model.compute_loss(next(iter(batches(train, config))))  # which makes the variables
        entries = {features.MOVIE_ID: movie_ids, **vocabularies(timelines, movies)}
        warm_start.start_from(fn_args.base_model, model, entries)
    return model, positions


def fit(
    model: TwoTowerModel,
    train: Timelines,
    config: ModelConfig,
    epochs: int,
    callbacks: list[tf.keras.callbacks.Callback],
) -> None:
    """Fits the model.

    Raises:
        FloatingPointError: It diverged.
    """
    model.fit(
        batches(train, config),
        steps_per_epoch=steps_per_epoch(train, config),
        epochs=epochs,
        callbacks=callbacks,
        verbose=0,
    )
    check_weights(model)


def write_projector(  # type: ignore[no-untyped-def]
    fn_args, model: TwoTowerModel, timelines: tft.TFTransformOutput, movies: tft.TFTransformOutput
) -> None:
    """Writes the movies' vectors and titles into the log folder, for TensorBoard's projector."""
    catalogue = read_catalogue(fn_args.movie_files)
    genres = [name.decode() for name in movies.vocabulary_by_name(features.GENRES)]
    movie_ids, counts = counted_vocabulary(timelines, features.MOVIE_ID)
    ratings = np.zeros(len(catalogue), np.int64)
    ratings[catalogue.positions_of(movie_ids)] = counts
    projector.write(
        fn_args.model_run_dir, model.candidate_matrix().numpy(), catalogue, genres, ratings
    )


def counted_vocabulary(
    transform_output: tft.TFTransformOutput, name: str
) -> tuple[list[bytes], np.ndarray]:
    """Returns the entries of a vocabulary that Transform stored with counts, and the counts."""
    lines = [line.split(b" ", 1) for line in transform_output.vocabulary_by_name(name)]
    return [entry for _, entry in lines], np.array([int(count) for count, _ in lines])


def vocabularies(
    timelines: tft.TFTransformOutput, movies: tft.TFTransformOutput
) -> warm_start.Vocabularies:
    """Returns the entries of every vocabulary that is stored without counts."""
    plain = {n: timelines.vocabulary_by_name(n) for n in VOCABULARIES if n != features.MOVIE_ID}
    return plain | {name: movies.vocabulary_by_name(name) for name in CONTENT_VOCABULARIES}


def vocabulary_sizes(
    timelines: tft.TFTransformOutput, movies: tft.TFTransformOutput
) -> dict[str, int]:
    """Returns the table rows that each vocabulary needs: one more than it has entries."""
    sizes = {name: timelines.vocabulary_size_by_name(name) + 1 for name in VOCABULARIES}
    for name in CONTENT_VOCABULARIES:
        sizes[name] = movies.vocabulary_size_by_name(name) + 1
    return sizes


def rows_of_catalogue(positions: np.ndarray, movies: int) -> np.ndarray:
    """Returns the vocabulary row of each of `movies` entries; `len(positions)`: unseen."""
    rows = np.full(movies, len(positions), dtype=np.int64)
    rows[positions] = np.arange(len(positions))
    return rows
