"""Weights of one model in another whose vocabularies differ, by way of a bundle on disk."""

import doctest

import numpy as np
import pytest
import tensorflow as tf

from trainer import warm_start
from trainer.config import ModelConfig
from trainer.data import windows
from trainer.model.encoders import ENCODERS
from trainer.model.two_tower import TwoTowerModel
from transform import datasets, features

DEFINITION = datasets.load(datasets.MOVIELENS)
FIXED = {"age": 22, "year": 32, "rating": 11}
OLD = {
    features.ITEM_ID: [b"m1", b"m2", b"m 3"],
    features.USER_ID: [b"u1", b"u2"],
    "gender": [b"F", b"M"],
    "occupation": [b"writer"],
    "zip": [b"1", b"9"],
    "genres": [b"Comedy", b"Drama"],
    "title_words": [b"the"],
}
NEW = {
    **OLD,
    features.ITEM_ID: [b"m 3", b"new", b"m1", b"m2", b"newer"],  # other counts, other order
    features.USER_ID: [b"u2", b"u3"],  # u1 is gone
    "genres": [b"Drama", b"Comedy", b"Western"],
}


def built(vocabularies, seed, **settings):
    """Returns a model whose variables are made."""
    config = ModelConfig(**{"embedding_dim": 4, "window": 3, "heads": 2, **settings})
    tf.keras.utils.set_random_seed(seed)
    items = len(vocabularies[features.ITEM_ID])
    rows = tf.range(items, dtype=tf.int64)
    candidates = {
        features.ITEM_ID: rows,
        "year": tf.zeros(items, tf.int64),
        "genres": tf.RaggedTensor.from_row_lengths(rows * 0, [1] * items),
        "title_words": tf.RaggedTensor.from_row_lengths(rows * 0, [1] * items),
    }
    model = TwoTowerModel(
        config,
        DEFINITION,
        sizes={name: len(entries) + 1 for name, entries in vocabularies.items()} | FIXED,
        candidates=candidates,
        position_of_row=np.arange(items),
        counts=np.ones(items),
        item_times={},
    )
    names = (features.USER_ID, *DEFINITION.user_features)
    nothing = tf.zeros([1, 3], tf.int64)
    batch = {
        windows.USERS: {name: tf.zeros(1, tf.int64) for name in names},
        windows.INPUTS: tf.constant([[0, 1, 2]], tf.int64),
        windows.EVENTS: {"rating": nothing},
        windows.GAPS: nothing,
        windows.WAITS: nothing,
        windows.TIMES: nothing,
        windows.TARGETS: tf.constant([[1, 2, 0]], tf.int64),
        windows.WEIGHTS: tf.ones([1, 3]),
    }
    model.compute_loss(batch)
    return model


@pytest.fixture
def save(tmp_path):
    """A function that saves a model as the Trainer and CandidateIndex would, in turn."""

    def save(model, vocabularies):
        towers, bundle = tf.Module(), tf.Module()
        towers.query, towers.candidate = model.query, model.candidate
        tf.saved_model.save(towers, str(tmp_path / "towers"))
        bundle.answers = tf.Module()
        bundle.answers.towers = tf.saved_model.load(str(tmp_path / "towers"))
        bundle.answers.item_id = tf.Variable(["m1"])
        tf.saved_model.save(bundle, str(tmp_path / "bundle"))
        for name, entries in vocabularies.items():
            (tmp_path / "bundle" / "assets" / name).write_bytes(b"\n".join(entries) + b"\n")
        return str(tmp_path / "bundle")

    return save


def tables(model):
    """Returns the tables by name; of items there are two, the vectors first."""
    found = {}
    for name, table in model.tables():
        found.setdefault(name, []).append(table.numpy())
    return found


@pytest.mark.parametrize("history", list(ENCODERS))
def test_rows_follow_their_entries(save, history):
    earlier = built(OLD, 1, history=history)
    bundle = save(earlier, OLD)
    model = built(NEW, 2, history=history)

    assert warm_start.start_from(bundle, model, NEW)

    for name, (*found,) in tables(model).items():
        for now, then in zip(found, tables(earlier)[name], strict=True):
            for row, entry in enumerate(NEW[name]):
                old = OLD[name].index(entry) if entry in OLD[name] else len(OLD[name])
                np.testing.assert_array_equal(now[row], then[old], f"{name} {entry}")
            # the unseen one's row, and after it that of the start of a history
            np.testing.assert_array_equal(now[len(NEW[name]) :], then[len(OLD[name]) :])


def test_all_other_weights_are_the_earlier_ones(save):
    earlier = built(OLD, 1)
    model = built(NEW, 2)
    assert warm_start.start_from(save(earlier, OLD), model, NEW)
    by_id = {id(table) for _, table in model.tables()}
    others = [
        place
        for place, variable in warm_start.number_variables(model).items()
        if id(variable) not in by_id
    ]
    assert len(others) > 10  # attention, norms, years, ages
    for place in others:
        old, new = (warm_start.number_variables(m)[place].numpy() for m in (earlier, model))
        np.testing.assert_array_equal(new, old)


def test_same_data_same_answers(save):
    earlier = built(OLD, 1)
    model = built(OLD, 2)
    assert not np.allclose(earlier.candidate_matrix(), model.candidate_matrix())
    assert warm_start.start_from(save(earlier, OLD), model, OLD)
    np.testing.assert_array_equal(earlier.candidate_matrix(), model.candidate_matrix())


@pytest.mark.parametrize(
    "settings",
    [
        {"embedding_dim": 8},
        {"heads": 1},
        {"window": 5},
        {"blocks": 2},
        {"history": "mean"},
        {"user_features": False},
        {"item_features": False},
        {"item_bias": False},
    ],
    ids=lambda settings: "-".join(settings),
)
def test_model_of_another_shape_starts_from_nothing(save, settings):
    bundle = save(built(OLD, 1, **settings), OLD)
    model = built(NEW, 2)
    before = [variable.numpy() for variable in model.variables]
    assert not warm_start.start_from(bundle, model, NEW)
    for old, new in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(old, new.numpy())


def test_first_run_starts_from_nothing(tmp_path):
    assert not warm_start.start_from(str(tmp_path / "absent"), built(NEW, 2), NEW)
    assert not warm_start.start_from(None, built(NEW, 2), NEW)


def test_example_of_the_documentation():
    assert doctest.testmod(warm_start).failed == 0


def test_age_and_year_have_no_vocabulary():
    model = built(OLD, 1)
    assert set(tables(model)) == set(OLD)
    assert tables(model)[features.ITEM_ID][0].shape == (5, 4)  # three, the unseen one, the start
    assert 32 not in {len(t[0]) for t in tables(model).values()}  # rows of the year
