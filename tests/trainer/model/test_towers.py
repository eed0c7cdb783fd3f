import numpy as np
import pytest
import tensorflow as tf

from support.checkerboard import COMMON, DEFINITION, SIZES, USER_FEATURES, make_model
from trainer.config import ModelConfig
from trainer.data.catalogue import Catalogue
from trainer.data.windows import PADDING, START
from trainer.model.ids import IdTable
from trainer.model.towers import (
    CandidateTower,
    QueryTower,
    candidate_rows,
    last_position,
)
from transform import features

STRANGER = {name: tf.zeros([1], tf.int64) for name in USER_FEATURES}


def ask(tower, users, items):
    """Returns the query vectors of items of which nothing else is known."""
    items = tf.constant(items, tf.int64)
    nothing = tf.zeros_like(items)
    return tower(users, items, {"rating": nothing}, nothing - 1, nothing - 1, nothing)


def test_hidden_ids_become_the_unseen_one():
    tf.keras.utils.set_random_seed(1)
    table = IdTable(known=3, dim=2, dropout=0.5, extra_rows=1)
    rows = tf.constant([[0, 1, 2, 3, 4]] * 200, tf.int64)
    hidden = table.hide(rows).numpy()
    assert set(hidden[:, 1]) == {1, 3} and 60 < (hidden[:, 1] == 3).sum() < 140
    assert set(hidden[:, 3]) == {3} and set(hidden[:, 4]) == {4}  # unseen, and an extra row
    np.testing.assert_array_equal(table(rows), table(rows))  # nothing is hidden but in training
    assert table.weight.shape == (5, 2)


def test_unseen_row_may_be_a_known_one():
    table = IdTable(known=2, dim=1, dropout=0.999, unseen=0)
    assert table.hide(tf.ones([50], tf.int64)).numpy().tolist().count(0) > 40


@pytest.mark.parametrize(
    ("settings", "width"),
    [({}, 9), ({"item_bias": False}, 8), ({"item_bias": False, "normalized": True}, 8)],
    ids=["bias", "plain", "normalized"],
)
def test_vectors_of_both_towers_fit(settings, width):
    config = ModelConfig(**{**COMMON, **settings})
    model = make_model(config)
    queries = ask(model.query, STRANGER, [[START, 1, 3]])
    matrix = model.candidate_matrix()
    assert queries.shape == (1, 3, width) and matrix.shape[1] == width
    if config.item_bias:
        np.testing.assert_array_equal(queries[..., -1], np.ones([1, 3]))
    if config.normalized:
        for vectors in (queries, matrix):
            np.testing.assert_allclose(np.linalg.norm(vectors, axis=-1), 1, rtol=1e-5)


def test_content_is_the_mean_of_its_rows():
    sizes = {"year": 32, "genres": 3, "title_words": 2}
    tower = CandidateTower(IdTable(1, 8, 0.0), DEFINITION, sizes, ModelConfig(**COMMON))

    def embed(genres):
        return tower(
            {
                features.ITEM_ID: tf.constant([0], tf.int64),
                "year": tf.constant([0], tf.int64),
                "genres": tf.ragged.constant([genres], dtype=tf.int64, ragged_rank=1),
                "title_words": tf.ragged.constant([[]], dtype=tf.int64, ragged_rank=1),
            }
        ).numpy()

    none = embed([])
    np.testing.assert_allclose(
        embed([0, 2]) - none, (embed([0]) + embed([2])) / 2 - none, atol=1e-6
    )


def test_without_content_only_the_id_counts():
    config = ModelConfig(**COMMON, item_features=False)
    tower = CandidateTower(IdTable(1, 8, 0.0), DEFINITION, {}, config)
    tower({features.ITEM_ID: tf.constant([0], tf.int64)})
    assert [name for name, _ in tower.tables()] == [features.ITEM_ID]


def test_without_a_history_inputs_mean_nothing():
    model = make_model(ModelConfig(**COMMON, history="none"))
    one = ask(model.query, STRANGER, [[START, 1, 3]])
    other = ask(model.query, STRANGER, [[START, 8, PADDING]])
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("settings", "names"),
    [({}, USER_FEATURES), ({"user_features": False}, (features.USER_ID,))],
    ids=["all", "ids-only"],
)
def test_user_features(settings, names):
    config = ModelConfig(**COMMON, **settings)
    tower = QueryTower(IdTable(20, 8, 0.05, extra_rows=1), DEFINITION, SIZES, {}, config)
    base = ask(tower, STRANGER, [[START]]).numpy()
    for name in USER_FEATURES:
        other = ask(tower, {**STRANGER, name: tf.ones([1], tf.int64)}, [[START]]).numpy()
        assert (other != base).any() == (name in names)


def test_last_position():
    vectors = tf.reshape(tf.range(12.0), [2, 3, 2])
    inputs = tf.constant([[START, 5, PADDING], [4, 5, 6]], tf.int64)
    assert last_position(vectors, inputs).numpy().tolist() == [[2, 3], [10, 11]]


def test_candidate_rows():
    genres = tf.ragged.constant([[1], []], dtype=tf.int64)
    ids = np.array([b"1", b"2"], object)
    rows = candidate_rows(Catalogue(ids, ids, {"genres": genres}, {}), np.array([1, 0]))
    assert rows[features.ITEM_ID].numpy().tolist() == [1, 0]
    assert rows["genres"] is genres
