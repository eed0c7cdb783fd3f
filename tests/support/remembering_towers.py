"""A bundle whose towers have a table of users, as the Trainer's have one.

Its rows can be told apart: they hold 1, 2, 3 and so on.
"""

import json

import numpy as np
import tensorflow as tf

from components.bundle import build, manifest, signatures, towers, warm_up
from support import tiny_bundle
from support.tiny_bundle import DEFINITION, K, catalogue, timeline
from transform import preprocessing, queries

ROWS = [b"2", b"zz-person-4711", b"10", b"zz-person-4712"]
JOBS = [b"baker", b"zz-job-4711"]


class RememberingTowers(tiny_bundle.Towers):
    """The towers of the tiny bundle, to which a user is also known by a row of their id."""

    def __init__(self, folder):
        super().__init__()
        self.users = _vocabulary(folder / "user_id", ROWS)
        self.jobs = _vocabulary(folder / "occupation", JOBS)
        self.query = tf.__internal__.tracking.AutoTrackable()
        self.query._user_features = {
            name: tf.__internal__.tracking.AutoTrackable() for name in ("user_id", "occupation")
        }
        for name, entries in (("user_id", ROWS), ("occupation", JOBS)):
            rows = tf.range(1.0, len(entries) + 2)[:, tf.newaxis] * [[1.0, 1.0]]
            self.query._user_features[name].variables = [tf.Variable(rows)]

    @tf.function(input_signature=[queries.specs(DEFINITION)])
    def embed_query(self, query):
        row = self.users.lookup(query["user_id"])
        by_age = super().embed_query(query)
        table = self.query._user_features["user_id"].variables[0]
        known = by_age["known"] | (row < len(ROWS))
        return {"embedding": by_age["embedding"] + tf.gather(table, row), "known": known}


def users():
    """Returns timelines: one item has the id of a user, and one user has a job of their own."""
    made = [
        ("10", {"age": 20, "occupation": "baker"}),
        ("zz-person-4711", {"age": 31, "occupation": "zz-job-4711"}),
        ("2", {"age": 40, "occupation": "baker"}),
    ]
    timelines = []
    for number, (user, known) in enumerate(made):
        one = tf.train.Example.FromString(
            timeline(user, ["0", "1"], ["2"], age=known["age"], first=100 * number)
        )
        one.features.feature["occupation"].bytes_list.value.append(known["occupation"].encode())
        timelines.append(one.SerializeToString(deterministic=True))
    return np.array(timelines, object)


def save_bundle(folder):
    """Saves the bundle as CandidateIndex does, in a folder of its own, and returns its path."""
    trained, path = str(folder / "towers"), str(folder / "bundle")
    tf.saved_model.save(RememberingTowers(folder), trained)
    built = build.build(tf.saved_model.load(trained), catalogue(), users(), DEFINITION, K, True)
    signatures.save(built, path)
    warm_up.write(path, catalogue(), DEFINITION)
    towers.pack(trained, path)
    described = manifest.Manifest(
        towers={"sha256": "of the trained", "run": "run 1"},
        data={"timelines": "t", "items": "m", "first_event": "f", "last_event": "l"},
        counts={"users": 3, "items": 6, "events": 9},
        evaluation={"split": {}, "exclude_seen": True},
        settings={"k": K},
        definition=json.loads(DEFINITION.to_json()),
        files=manifest.checksums(path),
    )
    manifest.write(path, described)
    return path


def _vocabulary(path, entries):
    path.write_bytes(b"".join(entry + b"\n" for entry in entries))
    return preprocessing.vocabulary_table(str(path))
