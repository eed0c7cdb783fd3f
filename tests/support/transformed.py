"""Both Transforms' output for twelve users and twelve items, as the Trainer gets it.

Even users rated even items, odd users odd ones; the last item is rated by nobody.
"""

import types

import tensorflow as tf
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.coders import example_proto_coder
from tensorflow_transform.tf_metadata import dataset_metadata

from trainer.data.training_data import read_training_data
from transform import datasets, features, preprocessing, schemas

DEFINITION = datasets.load(datasets.MOVIELENS)
USERS = ITEMS = 12
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


def item_id(number):
    return b"m%02d" % number


def timeline(user, items, label=None):
    return {
        features.USER_ID: b"u%02d" % user,
        "gender": [b"FM"[user % 2 : user % 2 + 1]],
        "occupation": [],
        "zip": [],
        "age": [20.0 + user],
        features.ITEM_ID: [item_id(item) for item in items],
        "rating": [1 + (user + place) % 9 / 2 for place in range(len(items))],
        features.TIME: [10 + 7 ** (place + user % 3) for place in range(len(items))],
        features.label(features.ITEM_ID): [] if label is None else [item_id(label)],
        "label_rating": [] if label is None else [5.0],
        features.label(features.TIME): [] if label is None else [10**6],
    }


def item(number):
    return {
        features.ITEM_ID: item_id(number),
        features.TITLE: b"Item %d (1990)" % number,
        "year": [1990.0],
        "genres": [b"Comedy" if number % 2 else b"Drama"],
        "title_words": [b"Item %d" % number],
    }


def transform(folder, record, preprocessing_fn, splits, analyzed, definition):
    """Writes what TFX's Transform would: the graph, and gzipped records by split."""
    metadata = dataset_metadata.DatasetMetadata(schemas.of(record, definition))
    with tft_beam.Context(temp_dir=str(folder / "temp")):
        (_, _), fn = (
            splits[analyzed],
            metadata,
        ) | tft_beam.AnalyzeAndTransformDataset(
            lambda inputs: preprocessing_fn(inputs, {"definition": definition.to_json()})
        )
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

    def __init__(self, folder, train, held_out, items, definition=DEFINITION):
        self.folder = folder
        self.definition = definition
        self.held_out = held_out
        self.items = items
        transform(
            folder / "timelines",
            schemas.TIMELINES,
            preprocessing.timelines,
            {features.TRAIN: train, features.EVAL: held_out},
            features.TRAIN,
            definition,
        )
        transform(
            folder / "items",
            schemas.ITEMS,
            preprocessing.items,
            {features.CATALOGUE: items},
            features.CATALOGUE,
            definition,
        )

    def fn_args(self, name, **settings):
        timelines = self.folder / "timelines"
        return types.SimpleNamespace(
            train_files=[str(timelines / "train*")],
            eval_files=[str(timelines / "eval*")],
            item_files=[str(self.folder / "items" / "catalogue*")],
            transform_output=str(timelines / "graph"),
            items_transform_output=str(self.folder / "items" / "graph"),
            base_model=None,
            serving_model_dir=str(self.folder / name / "model"),
            model_run_dir=str(self.folder / name / "logs"),
            custom_config={
                "definition": self.definition.to_json(),
                "model": {**SMALL, **settings},
            },
        )

    def read(self):
        """Returns the `TrainingData`."""
        args = self.fn_args("unused")
        return read_training_data(
            definition=self.definition,
            train_files=args.train_files,
            eval_files=args.eval_files,
            item_files=args.item_files,
            timelines_graph=args.transform_output,
            items_graph=args.items_transform_output,
        )


def write(folder):
    """Writes the data into a folder."""
    watched = {
        user: [m for m in range(ITEMS - 1) if m % 2 == user % 2][: 3 + user % 3]
        for user in range(USERS)
    }
    return Data(
        folder,
        [timeline(user, items) for user, items in watched.items()],
        [timeline(user, items[:-1], items[-1]) for user, items in watched.items()],
        [item(number) for number in reversed(range(ITEMS))],
    )


def raw_item(row):
    example = tf.train.Example()
    for name, value in row.items():
        values = value if isinstance(value, list) else [value]
        feature = example.features.feature[name]
        kind = feature.float_list if isinstance(values[0], float) else feature.bytes_list
        kind.value.extend(values)
    return example.SerializeToString()
