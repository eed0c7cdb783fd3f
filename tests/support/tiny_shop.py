"""A bundle of another catalogue than MovieLens, with every kind of feature; answers by hand.

An item's vector is its image, a query's the taste of the user plus the contexts of the history.
"""

import numpy as np
import tensorflow as tf

from components.bundle import records
from transform import queries
from transform.definition import Definition, Event, Item, Moment, User
from transform.kinds import Categories, Category, Number, Time, Vector, Words

DEFINITION = Definition(
    name="shop",
    item=Item(
        id="sku",
        title="name",
        noun="article",
        features={
            "brand": Category(filter=True),
            "tags": Categories(filter=True),
            "price": Number(filter=True),
            "released": Time(),
            "description": Words(),
            "image": Vector(size=2),
        },
    ),
    user=User(
        id="customer",
        features={
            "country": Category(),
            "interests": Categories(),
            "income": Number(),
            "joined": Time(),
            "about": Words(),
            "taste": Vector(size=2),
        },
    ),
    event=Event(
        user="customer",
        item="sku",
        time=Moment("at", "ms"),
        features={"type": Category(), "quantity": Number(), "context": Vector(size=2)},
        seen={"type": ("purchase",)},
        weight="weight",
    ),
    slices={"activity": (), "country": (), "income": (10.5,), "label_popularity": ()},
)
IMAGES = {"007": (2.0, 0.0), "7": (0.0, 2.0), "a": (1.0, 0.0), "b": (0.0, 1.0)}


def example(**values):
    """Returns a serialized example; texts, whole numbers and numbers by the type of the first."""
    made = tf.train.Example()
    for name, value in values.items():
        feature = made.features.feature[name]
        for each in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(each, str):
                feature.bytes_list.value.append(each.encode())
            elif isinstance(each, int):
                feature.int64_list.value.append(each)
            else:
                feature.float_list.value.append(each)
    return made.SerializeToString(deterministic=True)


def events(*rows, label=False):
    """Returns features of events, each `(item, time, type, context)`."""
    prefix = "label_" if label else ""
    columns = {
        "item_id": [row[0] for row in rows],
        "time": [row[1] for row in rows],
        "type": [row[2] for row in rows],
        "context": [number for row in rows for number in row[3]],
        "quantity": [float(row[1]) for row in rows],
        "weight": [row[1] / 10 for row in rows],
    }
    return {f"{prefix}{name}": column for name, column in columns.items() if column}


def catalogue():
    """Returns the items, in order of their ids."""
    ids = sorted(IMAGES)
    made = [
        example(item_id=i, title=f"Article {i}", brand="B", tags=["x", "y"], image=IMAGES[i])
        for i in ids
    ]
    names = np.array([i.encode() for i in ids], object)
    titles = np.array([f"Article {i}".encode() for i in ids], object)
    return records.Items(np.array(made, object), names, titles)


def users():
    """Returns timelines: one with a taste, one with contexts only, one of whom nothing is known."""
    return np.array(
        [
            example(
                user_id="tasteful",
                country="DE",
                interests=["art", "tea"],
                income=10.5,
                joined=86_400,
                taste=[1.0, 0.0],
                **events(("a", 1, "view", (0.0, 0.0)), ("007", 2, "purchase", (0.0, 0.0))),
            ),
            example(
                user_id="contextual",
                **events(("b", 3, "view", (0.0, 1.0))),
                **events(("7", 2, "purchase", (0.0, 2.0)), label=True),
            ),
            example(user_id="stranger"),
        ],
        object,
    )


class Towers(tf.Module):
    """Towers whose vectors are sums of the vectors in the records."""

    @tf.function(input_signature=[queries.specs(DEFINITION)])
    def embed_query(self, query):
        vector = query["taste"] + tf.reduce_sum(query["context"], axis=1)
        has_taste = tf.reduce_any(query["taste"] != 0, axis=1)
        return {
            "embedding": vector,
            "known": has_taste | tf.reduce_any(query["item_id"] != "", axis=1),
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def embed_candidate(self, examples):
        spec = {"image": tf.io.FixedLenFeature([2], tf.float32, [0.0, 0.0])}
        return tf.io.parse_example(examples, spec)["image"]
