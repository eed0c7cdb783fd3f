"""The checkerboard as arrays: even users watched even items, odd users odd ones."""

import numpy as np
import tensorflow as tf

from trainer.config import ModelConfig
from trainer.data.batches import make_batches, steps_per_epoch
from trainer.data.catalogue import Catalogue
from trainer.data.timelines import Events, Timelines
from trainer.fit.evaluation import MONITOR, RankingOnEval
from trainer.fit.optimizers import make_optimizer
from trainer.model.towers import candidate_rows
from trainer.model.two_tower import TwoTowerModel
from transform import datasets, features

USERS = ITEMS = 20
SIZES = {
    features.USER_ID: USERS + 1,
    "gender": 2,
    "occupation": 2,
    "zip": 2,
    "age": 22,
    features.ITEM_ID: ITEMS + 1,
    "year": 32,
    "genres": 2,
    "title_words": 2,
    "rating": 11,
}
DEFINITION = datasets.load(datasets.MOVIELENS)
USER_FEATURES = (features.USER_ID, *DEFINITION.user_features)
UNKNOWN = {"rating": 0}  # row of an unknown value of each event feature


def checkerboard() -> Timelines:
    """Each user saw all items of the own parity but one, which is the label."""
    order = [
        np.random.default_rng(user).permutation(ITEMS // 2) * 2 + user % 2 for user in range(USERS)
    ]
    count = ITEMS // 2 - 1
    first = {name: np.zeros(USERS, np.int64) for name in USER_FEATURES}
    return Timelines(
        user_features={**first, features.USER_ID: np.arange(USERS)},
        history=Events(
            np.concatenate([items[:-1] for items in order]),
            np.arange(USERS * count),
            {"rating": np.full(USERS * count, 8)},
        ),
        history_splits=np.arange(USERS + 1) * count,
        label=Events(
            np.array([items[-1] for items in order]),
            np.arange(USERS) + USERS * count,
            {"rating": np.full(USERS, 8)},
        ),
        label_splits=np.arange(USERS + 1),
    )


def make_model(config: ModelConfig) -> TwoTowerModel:
    """Returns a model of random weights."""
    catalogue = Catalogue(
        item_id=np.array([f"{item:02}".encode() for item in range(ITEMS)]),
        title=np.array([b"Item"] * ITEMS),
        features={
            "year": tf.zeros(ITEMS, tf.int64),
            "genres": tf.ragged.constant([[0]] * ITEMS, dtype=tf.int64),
            "title_words": tf.ragged.constant([[]] * ITEMS, dtype=tf.int64, ragged_rank=1),
        },
        times={},
    )
    positions = np.arange(ITEMS)
    return TwoTowerModel(
        config,
        DEFINITION,
        SIZES,
        candidate_rows(catalogue, positions),
        positions,
        1 + np.arange(ITEMS) ** 2,  # other than alike, so that a wrong order is noticed
        item_times={},
    )


def train(config: ModelConfig) -> tuple[TwoTowerModel, RankingOnEval]:
    """Returns a fitted model, and what ranks the labels by it."""
    tf.keras.utils.set_random_seed(config.seed)
    timelines = checkerboard()
    model = make_model(config)
    sampled = config.samples(ITEMS)
    model.compile(optimizer=make_optimizer(config, steps_per_epoch(timelines, config), sampled))
    ranking = RankingOnEval(timelines, np.arange(ITEMS), config.window, True, UNKNOWN)
    history = model.fit(
        make_batches(timelines, config, UNKNOWN),
        steps_per_epoch=steps_per_epoch(timelines, config),
        epochs=config.epochs,
        callbacks=[ranking],
        verbose=0,
    )
    assert len(history.history[MONITOR]) == config.epochs
    return model, ranking


COMMON = {"embedding_dim": 8, "window": 10, "batch_size": 10, "epochs": 60, "learning_rate": 0.02}
