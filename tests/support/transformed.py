"""Both Transforms' output for twelve users and twelve movies, as the Trainer gets it.

Even users rated even movies, odd users odd ones; the last movie is rated by nobody.
"""

import types

import tensorflow as tf
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.coders import example_proto_coder
from tensorflow_transform.tf_metadata import dataset_metadata

from trainer.data.training_data import read_training_data
from transform import features, preprocessing, schemas

USERS = MOVIES = 12
DIM = 8
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
            base_model=None,
            serving_model_dir=str(self.folder / name / "model"),
            model_run_dir=str(self.folder / name / "logs"),
            custom_config={"model": {**SMALL, **settings}},
        )

    def read(self):
        """Returns the `TrainingData`."""
        args = self.fn_args("unused")
        return read_training_data(
            train_files=args.train_files,
            eval_files=args.eval_files,
            movie_files=args.movie_files,
            timelines_graph=args.transform_output,
            movies_graph=args.movies_transform_output,
        )


def write(folder):
    """Writes the data into a folder."""
    watched = {
        user: [m for m in range(MOVIES - 1) if m % 2 == user % 2][: 3 + user % 3]
        for user in range(USERS)
    }
    return Data(
        folder,
        [timeline(user, movies) for user, movies in watched.items()],
        [timeline(user, movies[:-1], movies[-1]) for user, movies in watched.items()],
        [movie(number) for number in reversed(range(MOVIES))],
    )


def raw_movie(row):
    example = tf.train.Example()
    for name, value in row.items():
        values = value if isinstance(value, list) else [value]
        feature = example.features.feature[name]
        kind = feature.int64_list if isinstance(values[0], int) else feature.bytes_list
        kind.value.extend(values)
    return example.SerializeToString()
