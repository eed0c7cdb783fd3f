"""The model on the checkerboard: even users watch even items, odd users odd ones."""

import numpy as np
import pytest
import tensorflow as tf

from support.checkerboard import COMMON, ITEMS, USER_FEATURES, USERS, make_model, train
from trainer.config import ModelConfig
from trainer.data import windows
from trainer.data.windows import PADDING, START
from trainer.model.towers import last_position
from transform import features


@pytest.mark.parametrize(
    "config",
    [
        ModelConfig(**COMMON, history="mean"),
        ModelConfig(
            **COMMON, history="none", user_features=False, item_features=False, item_bias=False
        ),
        ModelConfig(**COMMON, history="attention", event_features=False),
        ModelConfig(**COMMON, history="attention", gaps=True),
        ModelConfig(**COMMON, history="hstu"),
        ModelConfig(**COMMON, history="mean", order="shuffled"),
        ModelConfig(**COMMON, history="mean", loss="retrieval"),
        ModelConfig(
            **COMMON, history="mean", loss="retrieval", uniform_negatives=5, optimizer="lazy_adam"
        ),
        ModelConfig(**COMMON, history="mean", loss="sampled_softmax", shared_negatives=8),
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
        "hstu",
        "mean-shuffled",
        "mean-retrieval-logq",
        "mean-mixed-negatives-lazy-adam",
        "mean-shared-negatives-lazy-adam",
        "cosines-learned-temperature-schedule",
        "blog-like",
    ],
)
def test_withheld_item_comes_first(config):
    model, ranking = train(config)
    # one unseen item of the own parity against ten of the other
    assert (ranking.label_ranks(model) == 0).mean() >= 0.9


def test_history_alone_is_enough_for_a_stranger():
    model, _ = train(ModelConfig(**COMMON))
    rows = {name: tf.zeros([1], tf.int64) for name in USER_FEATURES}
    rows[features.USER_ID] = tf.constant([USERS], tf.int64)
    inputs = tf.constant([[START, 1, 3, 5, 7, 9]], tf.int64)
    nothing = tf.zeros_like(inputs)
    vectors = model.query(rows, inputs, {"rating": nothing}, nothing - 1, nothing - 1, nothing)
    query = last_position(vectors, inputs)
    scores = tf.matmul(query, model.candidate_matrix(), transpose_b=True)[0].numpy()
    unseen = [item for item in range(ITEMS) if item not in (1, 3, 5, 7, 9)]
    best = sorted(unseen, key=lambda item: -scores[item])[:5]
    assert all(item % 2 == 1 for item in best)


def test_same_seed_same_model():
    def matrix(seed):
        model, _ = train(ModelConfig(**{**COMMON, "epochs": 2, "seed": seed}))
        return model.candidate_matrix().numpy()

    one, again, other = matrix(1), matrix(1), matrix(2)
    # To the bit in processes of their own; here sums may run in another order the second time.
    np.testing.assert_allclose(again, one, atol=5e-3)
    assert np.abs(other - one).max() > 0.1


def test_full_softmax_of_equal_scores_is_the_log_of_the_catalogue():
    model = make_model(ModelConfig(**COMMON))
    nothing = tf.zeros([1, 2], tf.int64)
    batch = {
        windows.USERS: {name: tf.zeros([1], tf.int64) for name in USER_FEATURES},
        windows.INPUTS: tf.constant([[START, PADDING]], tf.int64),
        windows.EVENTS: {"rating": nothing},
        windows.GAPS: nothing,
        windows.WAITS: nothing,
        windows.TIMES: nothing,
        windows.TARGETS: tf.constant([[3, PADDING]], tf.int64),
        windows.WEIGHTS: tf.constant([[1.0, 0.0]]),
    }
    model.compute_loss(batch)
    for variable in model.trainable_variables:
        variable.assign(tf.zeros_like(variable))
    # all twenty scores are 0: -log(1 / 20)
    assert float(model.compute_loss(batch)) == pytest.approx(np.log(ITEMS), rel=1e-6)
