"""A bundle whose answers can be worked out by hand: six items, four users, towers by rule."""

import dataclasses
import functools
import json
import pathlib

import numpy as np
import tensorflow as tf

from components.bundle import build, manifest, records, signatures, warm_up
from transform import datasets, queries

K = 4
DEFINITION = datasets.load(datasets.MOVIELENS)


def item(item_id, title="", year=None, genres=()):
    """Returns a serialized raw item."""
    found = tf.train.Example()
    feature = found.features.feature
    feature["item_id"].bytes_list.value.append(item_id.encode())
    feature["title"].bytes_list.value.append((title or f"Item {item_id}").encode())
    if year is not None:
        feature["year"].float_list.value.append(year)
    feature["genres"].bytes_list.value.extend(genre.encode() for genre in genres)
    return found.SerializeToString(deterministic=True)


def timeline(user_id, history=(), labels=(), age=None, first=0):
    """Returns a serialized raw timeline; an item a second from the second `first` on, 3 stars."""
    found = tf.train.Example()
    feature = found.features.feature
    feature["user_id"].bytes_list.value.append(user_id.encode())
    if age is not None:
        feature["age"].float_list.value.append(age)
    for prefix, items in (("", history), ("label_", labels)):
        if items:
            feature[f"{prefix}item_id"].bytes_list.value.extend(m.encode() for m in items)
            feature[f"{prefix}rating"].float_list.value.extend([3.0] * len(items))
            times = range(first, first + len(items))
            feature[f"{prefix}time"].int64_list.value.extend(times)
            first += len(items)
    return found.SerializeToString(deterministic=True)


class Towers(tf.Module):
    """Users of even age like items of genre Even, users of odd age those of genre Odd.

    An item's vector is (1 if Even, 1 if Odd) · (1 + year / 1000), a query's (1, 0), (0, 1) or, of
    unknown age, (0, 0). Who has an age or a history is known.
    """

    @tf.function(input_signature=[queries.specs(DEFINITION)])
    def embed_query(self, query):
        age = query["age"]
        likes = [(age >= 0) & (age % 2 == parity) for parity in (0, 1)]
        known = ~tf.math.is_nan(age) | tf.reduce_any(query["item_id"] != "", axis=1)
        return {"embedding": tf.cast(tf.stack(likes, axis=1), tf.float32), "known": known}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def embed_candidate(self, examples):
        spec = {
            "genres": tf.io.RaggedFeature(tf.string),
            "year": tf.io.FixedLenFeature([], tf.float32, default_value=0.0),
        }
        parsed = tf.io.parse_example(examples, spec)
        has = [tf.reduce_any(parsed["genres"] == genre, axis=1) for genre in ("Even", "Odd")]
        size = 1 + parsed["year"] / 1000
        return tf.cast(tf.stack(has, axis=1), tf.float32) * size[:, tf.newaxis]


@functools.cache
def towers():
    return Towers()


def catalogue(count=6):
    """Returns items "0", "1", …, each of the genre of its parity; the later, the higher scored."""
    ids = [str(number) for number in range(count)]
    examples = [item(i, year=int(i) * 10, genres=[("Even", "Odd")[int(i) % 2]]) for i in ids]
    names = np.array([i.encode() for i in ids], object)
    titles = np.array([f"Item {i}".encode() for i in ids], object)
    return records.Items(np.array(examples, object), names, titles)


def users():
    """Returns timelines: "10" is even, "9" odd, "2" has seen all, of "1" nothing is known."""
    return np.array(
        [
            timeline("10", ["0"], ["2"], age=20),
            timeline("9", ["1", "3"], ["5"], age=31),
            timeline("2", ["0", "1", "2", "3", "4"], ["5"], age=40),
            timeline("1"),
        ],
        object,
    )


@functools.cache
def bundle(exclude_seen=True):
    return build.build(towers(), catalogue(), users(), DEFINITION, K, exclude_seen)


def save(folder, events=9, **changes):
    """Saves the bundle with warm-up file and manifest, as CandidateIndex does, and returns where.

    Args:
        folder: Where to.
        events: Number of events in the manifest.
        changes: Other fields of the manifest.
    """
    path = str(folder)
    signatures.save(bundle(), path)
    warm_up.write(path, catalogue(), DEFINITION)
    described = manifest.Manifest(
        towers={"sha256": "0", "run": "run 1"},
        data={"timelines": "t", "items": "m", "first_event": "", "last_event": ""},
        counts={"users": 4, "items": 6, "events": events},
        evaluation={"split": {"method": "leave_last_out"}, "exclude_seen": True},
        settings={"k": K, "withdrawn": [], "code_version": ""},
        definition=json.loads(DEFINITION.to_json()),
        files=manifest.checksums(path),
    )
    manifest.write(path, dataclasses.replace(described, **changes))
    return pathlib.Path(folder)
