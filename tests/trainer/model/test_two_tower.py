"""The model on the checkerboard: even users watch even movies, odd users odd ones."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from trainer.config import ModelConfig
from trainer.data.batches import batches, steps_per_epoch
from trainer.data.catalogue import Catalogue
from trainer.data.timelines import PROFILE_ROWS, Timelines
from trainer.data.windows import PADDING, START
from trainer.fit import evaluation
from trainer.fit.callbacks import StopOnNaN, check_weights
from trainer.fit.evaluation import MONITOR, RankingOnEval
from trainer.fit.optimizers import optimizer
from trainer.model.towers import candidate_rows, last_position
from trainer.model.two_tower import GAPS, INPUTS, RATINGS, TARGETS, TwoTowerModel
from trainer.run import rows_of_catalogue
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
    profile = {name: np.zeros(USERS, np.int64) for name in PROFILE_ROWS}
    return Timelines(
        profile={**profile, features.USER_ID: np.arange(USERS)},
        history=np.concatenate([movies[:-1] for movies in order]),
        history_splits=np.arange(USERS + 1) * count,
        label=np.array([movies[-1] for movies in order]),
        label_splits=np.arange(USERS + 1),
        rating=np.full(USERS * count, 4, np.float32),
        timestamp=np.arange(USERS * count),
    )


def model_of(config: ModelConfig) -> TwoTowerModel:
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
        candidate_rows(catalogue, rows_of_catalogue(positions, MOVIES)),
        positions,
        1 + np.arange(MOVIES) ** 2,  # other than alike, so that a wrong order is noticed
    )


def trained(config: ModelConfig) -> tuple[TwoTowerModel, RankingOnEval]:
    tf.keras.utils.set_random_seed(config.seed)
    timelines = checkerboard()
    model = model_of(config)
    sampled = config.samples(MOVIES)
    model.compile(optimizer=optimizer(config, steps_per_epoch(timelines, config), sampled))
    ranking = RankingOnEval(timelines, np.arange(MOVIES), config.window, exclude_seen=True)
    history = model.fit(
        batches(timelines, config),
        steps_per_epoch=steps_per_epoch(timelines, config),
        epochs=config.epochs,
        callbacks=[ranking],
        verbose=0,
    )
    assert len(history.history[MONITOR]) == config.epochs
    return model, ranking


COMMON = {"embedding_dim": 8, "window": 10, "batch_size": 10, "epochs": 60, "learning_rate": 0.02}


@pytest.mark.parametrize(
    "config",
    [
        ModelConfig(**COMMON, history="mean"),
        ModelConfig(**COMMON, history="none", profile=False, content=False, item_bias=False),
        ModelConfig(**COMMON, history="attention"),
        ModelConfig(**COMMON, history="attention", ratings=True, gaps=True),
        ModelConfig(**COMMON, history="mean", order="shuffled"),
        ModelConfig(**COMMON, history="mean", loss="retrieval"),
        ModelConfig(
            **COMMON, history="mean", loss="retrieval", uniform_negatives=5, optimizer="lazy_adam"
        ),
        ModelConfig(
            **COMMON,
            history="mean",
            item_bias=False,
            normalized=True,
            temperature=0.1,
            learn_temperature=True,
            schedule="cosine",
        ),
        ModelConfig(
            **{**COMMON, "learning_rate": 0.5, "epochs": 100},
            history="none",
            loss="retrieval",
            uniform_negatives=0,
            log_q=False,
            optimizer="adagrad",
            item_bias=False,
        ),
    ],
    ids=[
        "mean-full-softmax",
        "ids-full-softmax",
        "attention-full-softmax",
        "attention-ratings-gaps",
        "mean-shuffled",
        "mean-retrieval-logq",
        "mean-mixed-negatives-lazy-adam",
        "cosines-learned-temperature-schedule",
        "blog-like",
    ],
)
def test_withheld_movie_comes_first(config):
    model, ranking = trained(config)
    # one unseen movie of the own parity against ten of the other
    assert (ranking.label_ranks(model) == 0).mean() >= 0.9


def test_history_alone_is_enough_for_a_stranger():
    model, _ = trained(ModelConfig(**COMMON))
    profile = {name: tf.zeros([1], tf.int64) for name in PROFILE_ROWS}
    profile[features.USER_ID] = tf.constant([USERS], tf.int64)
    inputs = tf.constant([[START, 1, 3, 5, 7, 9]], tf.int64)
    query = last_position(model.query(profile, inputs), inputs)
    scores = tf.matmul(query, model.candidate_matrix(), transpose_b=True)[0].numpy()
    unseen = [movie for movie in range(MOVIES) if movie not in (1, 3, 5, 7, 9)]
    best = sorted(unseen, key=lambda movie: -scores[movie])[:5]
    assert all(movie % 2 == 1 for movie in best)


@pytest.mark.parametrize("history", ["mean", "attention"])
def test_a_position_does_not_see_what_comes_after_it(history):
    model = model_of(ModelConfig(**COMMON, history=history))
    profile = {name: tf.zeros([1], tf.int64) for name in PROFILE_ROWS}
    one = model.query(profile, tf.constant([[START, 1, 3]], tf.int64))
    other = model.query(profile, tf.constant([[START, 1, 8]], tf.int64))
    np.testing.assert_allclose(one[:, :2], other[:, :2], rtol=1e-6)
    assert not np.allclose(one[:, 2], other[:, 2])


def test_same_seed_same_model():
    def matrix(seed):
        model, _ = trained(ModelConfig(**{**COMMON, "epochs": 2, "seed": seed}))
        return model.candidate_matrix().numpy()

    one, again, other = matrix(1), matrix(1), matrix(2)
    # To the bit in processes of their own; here sums may run in another order the second time.
    np.testing.assert_allclose(again, one, atol=5e-3)
    assert np.abs(other - one).max() > 0.1


def test_every_pass_is_cut_anew_and_the_same_seed_cuts_alike():
    config = ModelConfig(**{**COMMON, "window": 4})

    def some():
        data = batches(checkerboard(), config).take(40)
        return [batch[INPUTS].tolist() for batch in data.as_numpy_iterator()]

    assert steps_per_epoch(checkerboard(), config) == USERS * 3 // config.batch_size
    rows = [tuple(row) for batch in some() for row in batch]
    assert len(set(rows)) > USERS * 3  # more different windows than one cut gives
    assert some() == some()


def test_full_softmax_of_equal_scores_is_the_log_of_the_catalogue():
    model = model_of(ModelConfig(**COMMON))
    batch = {name: tf.zeros([1], tf.int64) for name in PROFILE_ROWS}
    batch[INPUTS] = tf.constant([[START, PADDING]], tf.int64)
    batch[RATINGS], batch[GAPS] = tf.zeros([1, 2]), tf.zeros([1, 2], tf.int64)
    batch[TARGETS] = tf.constant([[3, PADDING]], tf.int64)
    model.compute_loss(batch)
    for variable in model.trainable_variables:
        variable.assign(tf.zeros_like(variable))
    # all twenty scores are 0: -log(1 / 20)
    assert float(model.compute_loss(batch)) == pytest.approx(np.log(MOVIES), rel=1e-6)


def test_labels_that_training_never_saw_are_an_error():
    timelines = checkerboard()
    unseen = dataclasses.replace(timelines, label=np.full(USERS, MOVIES))
    with pytest.raises(ValueError, match="nothing to choose the epoch by"):
        RankingOnEval(unseen, np.arange(MOVIES), 10, exclude_seen=True)


def test_training_that_diverges_stops_and_names_the_step():
    tf.keras.utils.set_random_seed(1)
    config = ModelConfig(**{**COMMON, "learning_rate": 1e30, "epochs": 5})
    model = model_of(config)
    model.compile(optimizer=optimizer(config, steps_per_epoch=1, sampled=False))
    named = "nan at step 3, batch 1 of epoch 2: .*learning_rate"
    with pytest.raises(FloatingPointError, match=named):
        model.fit(
            batches(checkerboard(), config),
            steps_per_epoch=2,
            epochs=5,
            callbacks=[StopOnNaN()],
            verbose=0,
        )


def test_weights_that_the_last_step_ruined_are_an_error():
    model, _ = trained(ModelConfig(**{**COMMON, "epochs": 1}))
    check_weights(model)
    variable = model.trainable_variables[0]
    variable.assign(tf.fill(variable.shape, np.inf))
    with pytest.raises(FloatingPointError, match=f"{variable.name}.*nothing was exported"):
        check_weights(model)


@pytest.mark.parametrize("at_once", [1, 3 * MOVIES])
def test_ranks_do_not_depend_on_how_many_are_taken_at_once(monkeypatch, at_once):
    timelines = checkerboard()
    many = dataclasses.replace(  # five labels a user, and some never seen in training
        timelines,
        label=np.arange(USERS * 5) % (MOVIES + 1),
        label_splits=np.arange(USERS + 1) * 5,
    )
    ranking = RankingOnEval(many, np.arange(MOVIES), 10, exclude_seen=False)
    model = model_of(ModelConfig(**COMMON))
    expected = ranking.label_ranks(model)
    monkeypatch.setattr(evaluation, "SCORES_AT_ONCE", at_once)
    np.testing.assert_array_equal(ranking.label_ranks(model), expected)
    assert len(set(expected.tolist())) > 5
