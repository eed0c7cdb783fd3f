"""An index that misses too much of what the exact one finds is not blessed; a good one is."""

import json

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import json_format
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.bundle import build, records, signatures
from components.evaluation import reasons
from components.evaluation.evaluator import Executor
from pipeline import gates
from pipeline.config import Gates
from pipeline.runs import verdict
from transform import datasets, features, queries

pytestmark = pytest.mark.slow  # each bundle is evaluated by TFMA

ITEMS, USERS, DIM, K = 2000, 40, 8, 5
VECTORS = np.random.default_rng(0).standard_normal((ITEMS, DIM)).astype(np.float32)


class Towers(tf.Module):
    """An item's vector is made up; a query's is that of the first item of its history."""

    def __init__(self):
        super().__init__()
        self._vectors = tf.Variable(VECTORS)

    def _of(self, item_ids):
        return tf.gather(self._vectors, tf.strings.to_number(item_ids, tf.int32))

    @tf.function(input_signature=[queries.specs(datasets.load(datasets.MOVIELENS))])
    def embed_query(self, query):
        return {
            "embedding": self._of(query[features.ITEM_ID][:, 0]),
            "known": tf.ones_like(query[features.USER_ID], tf.bool),
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def embed_candidate(self, examples):
        spec = {features.ITEM_ID: tf.io.FixedLenFeature([], tf.string)}
        return self._of(tf.io.parse_example(examples, spec)[features.ITEM_ID])


@pytest.fixture(scope="module")
def judge(tiny, tmp_path_factory):
    """A function that returns what the Evaluator makes of a bundle of that `nprobe`."""
    root = tmp_path_factory.mktemp("gate")
    rng = np.random.default_rng(1)
    ids = np.array(sorted(str(number).encode() for number in range(ITEMS)), object)
    items = records.Items(
        np.array([tiny.item(item_id.decode()) for item_id in ids], object), ids, ids
    )
    watched = [[item.decode() for item in rng.choice(ids, 6, replace=False)] for _ in range(USERS)]
    timelines = np.array(
        [tiny.timeline(str(n), row[:5], row[5:]) for n, row in enumerate(watched)], object
    )
    path = root / "examples" / "Split-test" / "data_tfrecord-00000-of-00001.gz"
    path.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for timeline in timelines:
            writer.write(timeline)
    examples = standard_artifacts.Examples()
    examples.uri = str(root / "examples")
    examples.split_names = json.dumps(["test"])

    def judge(nprobe):
        model, evaluation = standard_artifacts.Model(), standard_artifacts.ModelEvaluation()
        blessing = standard_artifacts.ModelBlessing()
        for artifact, name in ((model, "model"), (evaluation, "eval"), (blessing, "blessing")):
            artifact.uri = str(root / f"{name}-{nprobe}")
        built = build.build(Towers(), items, timelines, tiny.DEFINITION, K, True, nprobe)
        signatures.save(built, path_utils.serving_model_dir(model.uri))
        config = gates.eval_config(
            Gates(min_lift=-1), tiny.DEFINITION
        )  # made-up towers please nobody
        Executor().Do(
            {"examples": [examples], "model": [model]},
            {"evaluation": [evaluation], "blessing": [blessing]},
            {
                "eval_config": json_format.MessageToJson(config),
                "example_splits": json.dumps(["test"]),
                "fairness_indicator_thresholds": "null",
            },
        )
        found = verdict.read(evaluation.uri)
        assert found.blessed == blessing.get_int_custom_property("blessed")
        assert list(found.reasons) == reasons.of_blessing(blessing)
        return found

    return judge


def test_one_list_of_many_is_not_blessed(judge):
    found = judge(nprobe=1)
    assert not found.blessed
    (reason,) = found.reasons
    assert reason.startswith(f"{gates.RECALL} (all users) is 0.")
    assert reason.endswith("below the threshold 0.9500")
    assert found.metrics[""][gates.RECALL] < 0.8


def test_enough_lists_are_blessed(judge):
    found = judge(nprobe=25)
    assert found.reasons == ()
    assert found.blessed
    assert 0.95 <= found.metrics[""][gates.RECALL] < 1


def test_the_exact_index_misses_nothing(judge):
    found = judge(nprobe=None)
    assert found.blessed
    assert found.metrics[""][gates.RECALL] == 1
