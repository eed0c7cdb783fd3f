"""`run_fn` from transformed records to a SavedModel, and how often it fits."""

import pathlib
import types

import numpy as np
import pytest
import tensorflow as tf

from support import transformed
from support.transformed import ITEMS, USERS, item, item_id, raw_item, timeline
from trainer import run
from trainer.config import ModelConfig
from trainer.run import run_fn
from transform import features, queries


def embed(folder, user, history):
    """Returns the vector of one user by the towers in a folder."""
    towers = tf.saved_model.load(folder)
    query = {
        **queries.nobody(transformed.DEFINITION, tf.constant([history])),
        features.USER_ID: tf.constant([user]),
        "rating": tf.fill([1, len(history)], 4.0),
        features.TIME: tf.ones([1, len(history)], tf.int64),
    }
    return towers, towers.embed_query(query)["embedding"].numpy()


def test_same_seed_same_vectors(data):
    vectors = []
    for name in ("once", "again"):  # with attention, which has dropout
        args = data.fn_args(name)
        run_fn(args)
        history = [item_id(1), item_id(3)]
        vectors.append(embed(args.serving_model_dir, b"u01", history)[1])
    # To the bit in processes of their own; here sums may run in another order the second time.
    np.testing.assert_allclose(*vectors, atol=1e-5)


def test_a_model_that_is_fitted_again_has_learned_what_chose_its_epoch(tmp_path):
    """In `train` users rate items of their parity; what they rate in `eval` is of the other."""
    watched = {user: [m for m in range(ITEMS) if m % 2 == user % 2] for user in range(USERS)}
    data = transformed.Data(
        tmp_path,
        [timeline(user, items) for user, items in watched.items()],
        [timeline(user, items, (user + 1) % ITEMS) for user, items in watched.items()],
        [item(number) for number in range(ITEMS)],
    )
    scores = []
    for refit in (False, True):
        args = data.fn_args(f"{refit}", refit=refit, epochs=20, window=ITEMS, learning_rate=0.02)
        run_fn(args)
        history = [item_id(m) for m in watched[1]]
        towers, vector = embed(args.serving_model_dir, b"u01", history)
        vectors = towers.embed_candidate(tf.constant([raw_item(m) for m in data.items]))
        (logits,) = vector @ vectors.numpy().T
        scores.append(logits[::2].max() - logits[1::2].max())
    assert (pathlib.Path(args.model_run_dir) / "refit" / "train").is_dir()
    alone, again = scores
    assert again > alone + 1


@pytest.mark.parametrize(
    ("settings", "fitted"),
    [
        ({"refit": False}, "train"),
        ({"refit": True, "patience": 3}, "train, then 2 epochs of train and eval"),
        ({"refit": True, "patience": 0, "epochs": 9}, "9 epochs of train and eval"),
    ],
    ids=["once", "again", "nothing-to-choose"],
)
def test_refit_and_patience_say_what_is_fitted(monkeypatch, settings, fitted):
    done = []
    history = types.SimpleNamespace(history={"val_ndcg@10": [0.1, 0.3, 0.2]})

    def build_and_fit(data, config, logs):
        done.append("train")
        return types.SimpleNamespace(history=history), None

    def refit(data, config, epochs, logs):
        done.append(f"{epochs} epochs of train and eval")

    monkeypatch.setattr(run, "build_and_fit", build_and_fit)
    monkeypatch.setattr(run, "refit", refit)
    run.train(None, ModelConfig(**settings), "")
    assert ", then ".join(done) == fitted


def test_files_are_read_once(data, monkeypatch):
    """Also where the model is fitted twice and written for the projector."""
    opened = []
    dataset = tf.data.TFRecordDataset

    def opening(files, *rest, **more):
        opened.extend(files)
        return dataset(files, *rest, **more)

    monkeypatch.setattr(tf.data, "TFRecordDataset", opening)
    run_fn(data.fn_args("twice", refit=True, patience=1, epochs=1))
    assert sorted(pathlib.Path(path).name for path in opened) == [
        "catalogue.gz",
        "eval.gz",
        "train.gz",
    ]


def test_keras_3_is_an_error(monkeypatch):
    monkeypatch.setattr(tf.keras.Model, "__module__", "keras.src.models.model")
    with pytest.raises(ImportError, match="set TF_USE_LEGACY_KERAS=1"):
        run.build(None, ModelConfig(), None)


def test_training_that_diverges_exports_nothing(data):
    args = data.fn_args("diverged", learning_rate=1e30, epochs=5)
    with pytest.raises(FloatingPointError, match="nothing was exported"):
        run_fn(args)
    assert not pathlib.Path(args.serving_model_dir).exists()


def write_kept(path, keep, original):
    """Writes those records of a file that are kept, and returns its pattern."""
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(str(path), options) as file:
        for record in tf.data.TFRecordDataset(str(original), compression_type="GZIP"):
            example = keep(tf.train.Example.FromString(record.numpy()))
            if example is not None:
                file.write(example.SerializeToString())
    return [str(path)]


def with_label(*rows):
    def keep(example):
        label = example.features.feature[features.label(features.ITEM_ID)].int64_list
        label.value[:] = rows
        return example

    return keep


@pytest.mark.parametrize("label", [(), (ITEMS - 2,)], ids=["no-label", "label-unseen-in-training"])
def test_nothing_to_choose_the_epoch_by(data, tmp_path, label):
    args = data.fn_args("unchosen")
    original = data.folder / "timelines" / "eval.gz"
    args.eval_files = write_kept(tmp_path / "eval.gz", with_label(*label), original)
    with pytest.raises(ValueError, match="nothing to choose the epoch by"):
        run_fn(args)


def test_timelines_and_items_of_different_data(data, tmp_path):
    def without_item_3(example):
        name = example.features.feature[features.ITEM_ID].bytes_list.value[0]
        return None if name == item_id(3) else example

    args = data.fn_args("mixed")
    original = data.folder / "items" / "catalogue.gz"
    args.item_files = write_kept(tmp_path / "items.gz", without_item_3, original)
    with pytest.raises(ValueError, match=r"1 rated items are not in the catalogue.*'m03'"):
        run_fn(args)


@pytest.mark.slow
def test_catalogue_of_one_item(tmp_path):
    rows = [timeline(user, [0]) for user in range(3)]
    one = transformed.Data(tmp_path, rows, [timeline(0, [], 0)], [item(0)])
    args = one.fn_args("model")
    run_fn(args)
    assert np.isfinite(embed(args.serving_model_dir, b"u00", [item_id(0)])[1]).all()
