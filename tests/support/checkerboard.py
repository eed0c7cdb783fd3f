"""The checkerboard as arrays: even users watched even movies, odd users odd ones."""

import numpy as np
import tensorflow as tf

from trainer.config import ModelConfig
from trainer.data.batches import make_batches, steps_per_epoch
from trainer.data.catalogue import Catalogue
from trainer.data.timelines import USER_FEATURES, Timelines
from trainer.fit.evaluation import MONITOR, RankingOnEval
from trainer.fit.optimizers import make_optimizer
from trainer.model.towers import candidate_rows
from trainer.model.two_tower import TwoTowerModel
from transform import features

USERS = MOVIES = 20
SIZES = {
    features.USER_ID: USERS + 1,
    features.GENDER: 2,
    features.OCCUPATION: 2,
    features.ZIP: 2,
    features.MOVIE_ID: MOVIES + 1,
    features.GENRES: 2,
    features.TITLE_WORDS: 2,
}


def checkerboard() -> Timelines:
    """Each user saw all movies of the own parity but one, which is the label."""
    order = [
        np.random.default_rng(user).permutation(MOVIES // 2) * 2 + user % 2 for user in range(USERS)
    ]
    count = MOVIES // 2 - 1
    first = {name: np.zeros(USERS, np.int64) for name in USER_FEATURES}
    return Timelines(
        user_features={**first, features.USER_ID: np.arange(USERS)},
        history=np.concatenate([movies[:-1] for movies in order]),
        history_splits=np.arange(USERS + 1) * count,
        label=np.array([movies[-1] for movies in order]),
        label_splits=np.arange(USERS + 1),
        rating=np.full(USERS * count, 4, np.float32),
        label_rating=np.full(USERS, 4, np.float32),
        timestamp=np.arange(USERS * count),
        label_timestamp=np.arange(USERS) + USERS * count,
    )


def make_model(config: ModelConfig) -> TwoTowerModel:
    """Returns a model of random weights."""
    catalogue = Catalogue(
        movie_id=np.array([f"{movie:02}".encode() for movie in range(MOVIES)]),
        title=np.array([b"Movie"] * MOVIES),
        year=np.zeros(MOVIES, np.int64),
        genres=tf.ragged.constant([[0]] * MOVIES, dtype=tf.int64),
        title_words=tf.ragged.constant([[]] * MOVIES, dtype=tf.int64, ragged_rank=1),
    )
    positions = np.arange(MOVIES)
    return TwoTowerModel(
        config,
        SIZES,
        candidate_rows(catalogue, positions),
        positions,
        1 + np.arange(MOVIES) ** 2,  # other than alike, so that a wrong order is noticed
    )


def train(config: ModelConfig) -> tuple[TwoTowerModel, RankingOnEval]:
    """Returns a fitted model, and what ranks the labels by it."""
    tf.keras.utils.set_random_seed(config.seed)
    timelines = checkerboard()
    model = make_model(config)
    sampled = config.samples(MOVIES)
    model.compile(optimizer=make_optimizer(config, steps_per_epoch(timelines, config), sampled))
    ranking = RankingOnEval(timelines, np.arange(MOVIES), config.window, exclude_seen=True)
    history = model.fit(
        make_batches(timelines, config),
        steps_per_epoch=steps_per_epoch(timelines, config),
        epochs=config.epochs,
        callbacks=[ranking],
        verbose=0,
    )
    assert len(history.history[MONITOR]) == config.epochs
    return model, ranking


COMMON = {"embedding_dim": 8, "window": 10, "batch_size": 10, "epochs": 60, "learning_rate": 0.02}
