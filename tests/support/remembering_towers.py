"""Towers with a table of users, as the Trainer's have one, whose rows can be told apart."""

import tensorflow as tf

from support import tiny_bundle
from transform import preprocessing

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

    @tf.function(input_signature=[tiny_bundle.queries.specs(tiny_bundle.DEFINITION)])
    def embed_query(self, query):
        row = self.users.lookup(query["user_id"])
        by_age = super().embed_query(query)
        table = self.query._user_features["user_id"].variables[0]
        known = by_age["known"] | (row < len(ROWS))
        return {"embedding": by_age["embedding"] + tf.gather(table, row), "known": known}


def _vocabulary(path, entries):
    path.write_bytes(b"".join(entry + b"\n" for entry in entries))
    return preprocessing.vocabulary_table(str(path))
