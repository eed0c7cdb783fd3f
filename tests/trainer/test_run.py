"""`run_fn` from transformed records to a SavedModel of towers, and what that answers."""

import os
import pathlib
import types

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.coders import example_proto_coder
from tensorflow_transform.tf_metadata import dataset_metadata

from trainer.config import ModelConfig
from trainer.data.catalogue import read_catalogue
from trainer.data.timelines import read_timelines
from trainer.data.windows import latest_inputs
from trainer.export import Towers
from trainer.model.towers import last_position
from trainer.run import build_and_fit, counted_vocabulary, rows_of_catalogue, run_fn
from transform import features, preprocessing, schemas

USERS = MOVIES = 12
DIM = 8
WIDTH = DIM + 1  # the item bias travels as one more dimension
SMALL = {
    "embedding_dim": DIM,
    "window": 6,
    "batch_size": 8,
    "epochs": 2,
    "blocks": 1,
    "heads": 2,
    "patience": 0,
}


def movie_id(number):
    return b"m%02d" % number


def timeline(user, movies, label=None):
    return {
        features.USER_ID: b"u%02d" % user,
        features.AGE: [20 + user],
        features.GENDER: [b"FM"[user % 2 : user % 2 + 1]],
        features.OCCUPATION: [],
        features.ZIP: [],
        features.MOVIE_ID: [movie_id(movie) for movie in movies],
        features.RATING: [1 + (user + place) % 9 / 2 for place in range(len(movies))],
        features.TIMESTAMP: [10 + 7 ** (place + user % 3) for place in range(len(movies))],
        features.LABEL_MOVIE_ID: [] if label is None else [movie_id(label)],
        features.LABEL_RATING: [] if label is None else [5.0],
        features.LABEL_TIMESTAMP: [] if label is None else [10**6],
    }


def movie(number):
    return {
        features.MOVIE_ID: movie_id(number),
        features.TITLE: b"Movie %d (1990)" % number,
        features.GENRES: [b"Comedy" if number % 2 else b"Drama"],
        features.YEAR: [1990],
    }


def transform(folder, record, preprocessing_fn, splits, analyzed):
    """Writes what TFX's Transform would: the graph, and gzipped records by split."""
    metadata = dataset_metadata.DatasetMetadata(schemas.load(record))
    with tft_beam.Context(temp_dir=str(folder / "temp")):
        (_, _), fn = (
            splits[analyzed],
            metadata,
        ) | tft_beam.AnalyzeAndTransformDataset(preprocessing_fn)
        fn | tft_beam.WriteTransformFn(str(folder / "graph"))
        for name, rows in splits.items():
            data, later = ((rows, metadata), fn) | tft_beam.TransformDataset()
            coder = example_proto_coder.ExampleProtoCoder(later.schema)
            options = tf.io.TFRecordOptions(compression_type="GZIP")
            with tf.io.TFRecordWriter(str(folder / f"{name}.gz"), options) as file:
                for row in data:
                    file.write(coder.encode(row))
    return folder


class Data:
    """Both Transforms' output in one folder, and what the Trainer gets of it."""

    def __init__(self, folder, train, held_out, movies):
        self.folder = folder
        self.held_out = held_out
        self.movies = movies
        transform(
            folder / "timelines",
            schemas.TIMELINES,
            preprocessing.timelines,
            {features.TRAIN: train, features.EVAL: held_out},
            features.TRAIN,
        )
        transform(
            folder / "movies",
            schemas.MOVIES,
            preprocessing.movies,
            {features.CATALOGUE: movies},
            features.CATALOGUE,
        )

    def fn_args(self, name, **settings):
        timelines = self.folder / "timelines"
        return types.SimpleNamespace(
            train_files=[str(timelines / "train*")],
            eval_files=[str(timelines / "eval*")],
            movie_files=[str(self.folder / "movies" / "catalogue*")],
            transform_output=str(timelines / "graph"),
            movies_transform_output=str(self.folder / "movies" / "graph"),
            serving_model_dir=str(self.folder / name / "model"),
            model_run_dir=str(self.folder / name / "logs"),
            custom_config={"model": {**SMALL, **settings}},
        )


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    watched = {
        user: [m for m in range(MOVIES - 1) if m % 2 == user % 2][: 3 + user % 3]
        for user in range(USERS)
    }
    return Data(
        tmp_path_factory.mktemp("data"),
        [timeline(user, movies) for user, movies in watched.items()],
        [timeline(user, movies[:-1], movies[-1]) for user, movies in watched.items()],
        [movie(number) for number in reversed(range(MOVIES))],  # the last is rated by nobody
    )


@pytest.fixture(scope="module", params=["attention", "mean", "none"])
def towers(request, data):
    args = data.fn_args(request.param, history=request.param)
    run_fn(args)
    loaded = tf.saved_model.load(args.serving_model_dir)
    loaded.history, loaded.folder = request.param, args.serving_model_dir
    return loaded


def query(user=b"", history=((),), age=-1, gender=b""):
    batch = len(history)
    movies = tf.ragged.constant(history, dtype=tf.string, ragged_rank=1).to_tensor("")
    return {
        features.USER_ID: tf.fill([batch], user),
        features.AGE: tf.fill([batch], tf.constant(age, tf.int64)),
        features.GENDER: tf.fill([batch], gender),
        features.OCCUPATION: tf.fill([batch], b""),
        features.ZIP: tf.fill([batch], b""),
        features.MOVIE_ID: movies,
        features.RATING: tf.fill(tf.shape(movies), 4.0),
        features.TIMESTAMP: tf.ones(tf.shape(movies), tf.int64),
    }


def embedding(towers, **asked):
    return towers.embed_query(query(**asked))["embedding"].numpy()


def test_vectors_have_the_size_asked_for_and_are_finite(towers):
    vectors = embedding(towers, user=b"u01", history=[[movie_id(1)], [movie_id(3)]])
    assert vectors.shape == (2, WIDTH) and np.isfinite(vectors).all()


def test_nothing_of_the_optimizer_is_exported(towers):
    stored = tf.train.list_variables(os.path.join(towers.folder, "variables", "variables"))
    names = [name for name, _ in stored]
    assert any(name.startswith("query/") for name in names)
    assert not [name for name in names if "optimizer" in name]


def test_empty_batch(towers):
    empty = {name: value[:0] for name, value in query(history=[[movie_id(1)]]).items()}
    assert towers.embed_query(empty)["embedding"].shape == (0, WIDTH)
    assert towers.embed_candidate(tf.constant([], tf.string)).shape == (0, WIDTH)


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ({"user": b"u01"}, {"attention", "mean", "none"}),
        ({"user": b"stranger"}, set()),
        ({"user": b"stranger", "history": [[movie_id(1)]]}, {"attention", "mean"}),
        ({"user": b"stranger", "history": [[b"unheard-of"]]}, set()),
        ({"user": b"stranger", "age": 33, "gender": b"F"}, set()),
    ],
    ids=["user", "stranger", "with-history", "with-unknown-history", "with-profile"],
)
def test_who_is_known(towers, asked, known):
    assert towers.embed_query(query(**asked))["known"].numpy().all() == (towers.history in known)


@pytest.mark.parametrize(
    "history",
    [
        [movie_id(1), b"", movie_id(3), movie_id(1)],
        [b"", movie_id(1), movie_id(3), movie_id(1)],
        [movie_id(1), movie_id(3), movie_id(1), b"", b""],
    ],
    ids=["gap", "padded-left", "padded-right"],
)
def test_padding_means_nothing(towers, history):
    compact = embedding(towers, history=[[movie_id(1), movie_id(3), movie_id(1)]])
    np.testing.assert_allclose(embedding(towers, history=[history]), compact, atol=1e-6)


def test_only_the_window_counts(towers):
    long = [movie_id(number % MOVIES) for number in range(40)]
    latest = long[-SMALL["window"] :]
    same = embedding(towers, history=[long]) - embedding(towers, history=[latest])
    np.testing.assert_allclose(same, 0, atol=1e-6)


def test_a_neighbour_in_the_batch_changes_nothing(towers):
    alone = embedding(towers, history=[[movie_id(1)]])
    beside = embedding(towers, history=[[movie_id(1)], [movie_id(2)] * 9])
    np.testing.assert_allclose(beside[:1], alone, atol=1e-6)


def raw_movie(row):
    example = tf.train.Example()
    for name, value in row.items():
        values = value if isinstance(value, list) else [value]
        feature = example.features.feature[name]
        kind = feature.int64_list if isinstance(values[0], int) else feature.bytes_list
        kind.value.extend(values)
    return example.SerializeToString()


def test_a_movie_that_nobody_rated_gets_a_vector_from_its_content(towers):
    unrated, stranger = movie(MOVIES - 1), {**movie(1), features.MOVIE_ID: b"brand-new"}
    vectors = towers.embed_candidate(tf.constant([raw_movie(m) for m in (unrated, stranger)]))
    assert np.isfinite(vectors.numpy()).all() and (vectors.numpy() != 0).any(axis=1).all()


def test_same_seed_same_vectors(data, towers):
    if towers.history != "attention":
        pytest.skip("the encoder with dropout says it for all")
    args = data.fn_args("again", history=towers.history)
    run_fn(args)
    again = tf.saved_model.load(args.serving_model_dir)
    asked = {"user": b"u01", "history": [[movie_id(1), movie_id(3)]]}
    # To the bit in processes of their own; here sums may run in another order the second time.
    np.testing.assert_allclose(embedding(again, **asked), embedding(towers, **asked), atol=1e-5)


def test_a_model_that_is_fitted_again_has_learned_what_chose_its_epoch(tmp_path):
    """In `train` users rate movies of their parity; what they rate in `eval` is of the other."""
    watched = {user: [m for m in range(MOVIES) if m % 2 == user % 2] for user in range(USERS)}
    data = Data(
        tmp_path,
        [timeline(user, movies) for user, movies in watched.items()],
        [timeline(user, movies, (user + 1) % MOVIES) for user, movies in watched.items()],
        [movie(number) for number in range(MOVIES)],
    )
    scores = []
    for refit in (False, True):
        args = data.fn_args(f"{refit}", refit=refit, epochs=20, window=MOVIES, learning_rate=0.02)
        run_fn(args)
        towers = tf.saved_model.load(args.serving_model_dir)
        history = [[movie_id(m) for m in watched[1]]]
        vectors = towers.embed_candidate(tf.constant([raw_movie(m) for m in data.movies]))
        (logits,) = embedding(towers, user=b"u01", history=history) @ vectors.numpy().T
        scores.append(logits[::2].max() - logits[1::2].max())
    assert (pathlib.Path(args.model_run_dir) / "refit" / "train").is_dir()
    alone, again = scores
    assert again > alone + 2


def test_towers_read_a_timeline_as_training_does(data):
    settings = {"ratings": True, "gaps": True, "window": 3, "epochs": 1}
    args = data.fn_args("moments", **settings)
    config = ModelConfig(**{**SMALL, **settings})
    model, _ = build_and_fit(args, config)
    graph = tft.TFTransformOutput(args.transform_output)
    movies = tft.TFTransformOutput(args.movies_transform_output)
    towers = Towers(model, graph, movies, config)
    timelines = read_timelines(args.eval_files, graph.transformed_feature_spec())
    past = latest_inputs(timelines, config.window)
    profile = {name: tf.constant(rows) for name, rows in timelines.profile.items()}
    trained = model.query(profile, past.movies, past.ratings, past.gaps)

    users = graph.vocabulary_by_name(features.USER_ID)
    held_out = {row[features.USER_ID]: row for row in data.held_out}
    rows = [held_out[users[row]] for row in timelines.profile[features.USER_ID]]
    assert any(len(row[features.MOVIE_ID]) > config.window for row in rows)

    def asked(name, padding):
        return tf.ragged.constant([row[name] for row in rows]).to_tensor(padding)

    query = {
        features.USER_ID: tf.constant([row[features.USER_ID] for row in rows]),
        features.AGE: tf.constant([row[features.AGE][0] for row in rows], tf.int64),
        features.GENDER: tf.constant([row[features.GENDER][0] for row in rows]),
        features.OCCUPATION: tf.fill([len(rows)], b""),
        features.ZIP: tf.fill([len(rows)], b""),
        features.MOVIE_ID: asked(features.MOVIE_ID, ""),
        features.RATING: asked(features.RATING, 0.0),
        features.TIMESTAMP: tf.cast(asked(features.TIMESTAMP, 0), tf.int64),
    }
    served = towers.embed_query(query)["embedding"].numpy()
    np.testing.assert_allclose(served, last_position(trained, past.movies), atol=1e-5)
    for name in (features.RATING, features.TIMESTAMP):
        told_less = towers.embed_query({**query, name: tf.zeros_like(query[name])})
        assert np.abs(told_less["embedding"] - served).max(axis=1).min() > 1e-3


def test_training_that_diverges_exports_nothing(data):
    args = data.fn_args("diverged", learning_rate=1e30, epochs=5)
    with pytest.raises(FloatingPointError, match="nothing was exported"):
        run_fn(args)
    assert not pathlib.Path(args.serving_model_dir).exists()


def records(path, keep, original):
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
        label = example.features.feature[features.LABEL_MOVIE_ID].int64_list
        label.value[:] = rows
        return example

    return keep


@pytest.mark.parametrize("label", [(), (MOVIES - 2,)], ids=["no-label", "label-unseen-in-training"])
def test_nothing_to_choose_the_epoch_by(data, tmp_path, label):
    args = data.fn_args("unchosen")
    original = data.folder / "timelines" / "eval.gz"
    args.eval_files = records(tmp_path / "eval.gz", with_label(*label), original)
    with pytest.raises(ValueError, match="nothing to choose the epoch by"):
        run_fn(args)


def test_timelines_and_movies_of_different_data(data, tmp_path):
    def without_movie_3(example):
        name = example.features.feature[features.MOVIE_ID].bytes_list.value[0]
        return None if name == movie_id(3) else example

    args = data.fn_args("mixed")
    original = data.folder / "movies" / "catalogue.gz"
    args.movie_files = records(tmp_path / "movies.gz", without_movie_3, original)
    with pytest.raises(ValueError, match=r"1 rated movies are not in the catalogue.*'m03'"):
        run_fn(args)


@pytest.mark.slow
def test_catalogue_of_one_movie(tmp_path):
    rows = [timeline(user, [0]) for user in range(3)]
    one = Data(tmp_path, rows, [timeline(0, [], 0)], [movie(0)])
    args = one.fn_args("model")
    run_fn(args)
    towers = tf.saved_model.load(args.serving_model_dir)
    assert np.isfinite(embedding(towers, user=b"u00", history=[[movie_id(0)]])).all()


def test_catalogue_is_in_order_of_ids_and_an_empty_one_is_an_error(data, tmp_path):
    catalogue = read_catalogue([str(data.folder / "movies" / "catalogue*")])
    assert catalogue.movie_id.tolist() == [movie_id(number) for number in range(MOVIES)]
    assert catalogue.positions_of([movie_id(3), movie_id(0)]).tolist() == [3, 0]
    (tmp_path / "none.gz").write_bytes(b"")
    with pytest.raises(ValueError, match=r"No movies in .*none\.gz"):
        read_catalogue([str(tmp_path / "none.gz")])


def test_vocabulary_of_movies_is_by_count(data):
    output = tft.TFTransformOutput(str(data.folder / "timelines" / "graph"))
    ids, counts = counted_vocabulary(output, features.MOVIE_ID)
    assert len(ids) == len(counts) and movie_id(MOVIES - 1) not in ids
    assert counts.tolist() == sorted(counts, reverse=True)


def test_unrated_movies_share_the_row_after_the_last():
    assert rows_of_catalogue(np.array([2, 0]), 4).tolist() == [1, 2, 0, 2]
