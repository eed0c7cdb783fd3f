"""CandidateIndex and Canary on artifacts as ExampleGen and Trainer write them."""

import dataclasses
import json
import pathlib
import shutil

import pytest
import tensorflow as tf
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.bundle import manifest, warm_up
from components.bundle import towers as kept_towers
from components.bundle.component import CandidateIndex
from components.canary.component import Canary
from components.registry.served_towers import ServedTowers
from transform import datasets, features

pytestmark = pytest.mark.slow  # the canary starts a process for each bundle

SPLIT = {"method": "leave_last_out"}
DEFINITION = datasets.load(datasets.MOVIELENS)


def examples(folder, split, records):
    path = folder / f"Split-{split}" / "data_tfrecord-00000-of-00001.gz"
    path.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for record in records:
            writer.write(record)
    artifact = standard_artifacts.Examples()
    artifact.uri = str(folder)
    artifact.split_names = json.dumps([split])
    return artifact


@pytest.fixture(scope="module")
def inputs(tiny, tmp_path_factory):
    """Towers, items and timelines, as the components take them."""
    root = tmp_path_factory.mktemp("inputs")
    model = standard_artifacts.Model()
    model.uri = str(root / "towers")
    model.set_string_custom_property(features.TRAINING_RUN, "run 7")
    tf.saved_model.save(tiny.towers(), path_utils.serving_model_dir(model.uri))
    return {
        "model": model,
        "items": examples(root / "items", "catalogue", tiny.catalogue().examples),
        "timelines": examples(root / "timelines", "test", tiny.users()),
    }


def index(inputs, folder, **parameters):
    bundle = standard_artifacts.Model()
    bundle.uri = str(folder)
    parameters = {"inverted_from": 7, "probes": 1, "max_batch": 32, **parameters}
    CandidateIndex.test_call(
        **inputs,
        bundle=bundle,
        definition=DEFINITION.to_json(),
        k=4,
        split=json.dumps(SPLIT),
        code_version="v",
        **parameters,
    )
    return bundle


def canary(inputs, bundle, folder, **parameters):
    blessing = standard_artifacts.InfraBlessing()
    blessing.uri = str(folder)
    Canary.test_call(
        **inputs,
        bundle=bundle,
        blessing=blessing,
        definition=DEFINITION.to_json(),
        **parameters,
    )
    return blessing


@pytest.fixture(scope="module")
def bundle(inputs, tmp_path_factory):
    return index(inputs, tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def copied(bundle, tmp_path):
    """A copy of the bundle, to be damaged; and its folder."""
    copy = standard_artifacts.Model()
    copy.uri = str(tmp_path / "copy")
    shutil.copytree(bundle.uri, copy.uri)
    return copy, pathlib.Path(path_utils.serving_model_dir(copy.uri))


def test_manifest_says_what_the_bundle_was_made_of(inputs, bundle):
    told = manifest.read(path_utils.serving_model_dir(bundle.uri))
    towers = path_utils.serving_model_dir(inputs["model"].uri)
    sha256 = manifest.fingerprint(manifest.checksums(towers))
    assert told.towers == {"sha256": sha256, "run": "run 7"}
    assert told.counts == {"users": 4, "items": 6, "events": 11}
    assert told.data["first_event"] == "1970-01-01T00:00:00+00:00"
    assert told.data["last_event"] == "1970-01-01T00:00:05+00:00"
    assert told.evaluation == {"split": SPLIT, "exclude_seen": True}
    assert told.settings == {
        "k": 4,
        "max_batch": 32,
        "withdrawn": [],
        "trend": {},
        "index": manifest.EXACT,
        "code_version": "v",
    }
    assert told.definition == json.loads(DEFINITION.to_json())
    assert warm_up.PATH in told.files
    assert manifest.problems(path_utils.serving_model_dir(bundle.uri)) == []


def test_fingerprints_are_of_the_records_and_not_of_their_order(inputs, bundle, tiny, tmp_path):
    told = manifest.read(path_utils.serving_model_dir(bundle.uri))
    turned = {**inputs, "timelines": examples(tmp_path / "t", "test", tiny.users()[::-1])}
    fewer = {**inputs, "timelines": examples(tmp_path / "u", "test", tiny.users()[1:])}
    again, other = (
        manifest.read(path_utils.serving_model_dir(index(given, tmp_path / name).uri))
        for name, given in (("again", turned), ("other", fewer))
    )
    assert again.data == told.data
    assert other.data["timelines"] != told.data["timelines"]
    assert other.data["items"] == told.data["items"]
    assert other.towers == told.towers


def test_a_bundle_of_the_towers_in_a_bundle_tells_the_same(inputs, bundle, tmp_path):
    served = str(tmp_path / "serving" / "1")
    shutil.copytree(path_utils.serving_model_dir(bundle.uri), served)
    told = manifest.read(served)
    model = standard_artifacts.Model()
    model.uri = str(tmp_path / "towers")
    ServedTowers.test_call(
        model=model, serving_base=str(tmp_path / "serving"), sha256=told.towers["sha256"]
    )
    refreshed = index({**inputs, "model": model}, tmp_path / "refreshed")
    found = manifest.read(path_utils.serving_model_dir(refreshed.uri))
    assert kept_towers.PATH in found.files
    assert dataclasses.replace(found, files={}) == dataclasses.replace(told, files={})


def test_canary_blesses_a_sound_bundle(inputs, bundle, tmp_path):
    blessing = canary(inputs, bundle, tmp_path / "blessing")
    assert blessing.get_int_custom_property("blessed") == 1
    assert (tmp_path / "blessing" / "INFRA_BLESSED").exists()


def test_canary_blesses_an_ivf_index(inputs, tmp_path):
    bundle = index(inputs, tmp_path / "bundle", inverted_from=6)
    told = manifest.read(path_utils.serving_model_dir(bundle.uri))
    assert told.settings["index"] == manifest.IVF
    assert canary(inputs, bundle, tmp_path / "blessing").get_int_custom_property("blessed")


def test_withdrawn_items_are_in_neither_bundle_nor_expectation(inputs, tmp_path):
    bundle = index(inputs, tmp_path / "bundle", withdrawn='["4", "5"]')
    told = manifest.read(path_utils.serving_model_dir(bundle.uri))
    assert told.settings["withdrawn"] == ["4", "5"]
    assert told.counts["items"] == 4
    assert canary(inputs, bundle, tmp_path / "b", withdrawn='["4", "5"]').get_int_custom_property(
        "blessed"
    )
    with pytest.raises(ValueError, match="2 items were answered, 4 expected"):
        canary(inputs, bundle, tmp_path / "c")


@pytest.mark.parametrize("inverted_from", [7, 6], ids=["exact", "ivf"])
def test_canary_knows_what_recent_popularity_does(inputs, tmp_path, inverted_from):
    trend = {"days": 1, "weight": 20.0}
    bundle = index(inputs, tmp_path / "b", trend=json.dumps(trend), inverted_from=inverted_from)
    folder = path_utils.serving_model_dir(bundle.uri)
    assert manifest.read(folder).settings["trend"] == trend
    assert canary(inputs, bundle, tmp_path / "c").get_int_custom_property("blessed")
    rewrite_manifest(folder, trend={"weight": 0.0})  # as if it were not told
    with pytest.raises(ValueError, match="the trained towers put an item of score"):
        canary(inputs, bundle, tmp_path / "d")


def rewrite_manifest(folder, **settings):
    told = manifest.read(str(folder))
    fields = {**vars(told), "files": manifest.checksums(str(folder))}
    fields["settings"] = {**told.settings, **settings}
    manifest.write(str(folder), manifest.Manifest(**fields))


def corrupt_warm_up(folder):
    path = folder / warm_up.PATH
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def foreign_warm_up(folder):
    with tf.io.TFRecordWriter(str(folder / warm_up.PATH)) as writer:
        writer.write(b"\x0a\xff")  # no message


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (corrupt_warm_up, "tf_serving_warmup_requests was changed"),
        (lambda f: (f / "saved_model.pb").unlink(), "saved_model.pb is missing"),
    ],
    ids=["warm-up", "graph"],
)
def test_canary_refuses_what_is_not_as_its_manifest_says(inputs, copied, tmp_path, damage, message):
    bundle, folder = copied
    damage(folder)
    with pytest.raises(ValueError, match=message):
        canary(inputs, bundle, tmp_path / "blessing")
    assert not (tmp_path / "blessing").exists()


@pytest.mark.parametrize(
    ("damage", "message"),
    [(corrupt_warm_up, "corrupted record"), (foreign_warm_up, "DecodeError")],
    ids=["corrupted", "no-message"],
)
def test_canary_refuses_a_warm_up_that_was_written_broken(
    inputs, copied, tmp_path, damage, message
):
    bundle, folder = copied
    damage(folder)
    rewrite_manifest(folder)  # as if it had been written so: the checksums fit
    with pytest.raises(ValueError, match=f"(?s)in a bare process:.*{message}"):
        canary(inputs, bundle, tmp_path / "blessing")


def test_canary_refuses_an_index_of_other_towers(inputs, bundle, tiny, tmp_path):
    class Turned(tf.Module):
        """Likes what the others don't."""

        def __init__(self):
            super().__init__()
            self._towers = tiny.towers()

        @tf.function(input_signature=tiny.Towers.embed_query.input_signature)
        def embed_query(self, query):
            found = self._towers.embed_query(query)
            return {**found, "embedding": tf.reverse(found["embedding"], [1])}

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def embed_candidate(self, examples):
            return self._towers.embed_candidate(examples)

    model = standard_artifacts.Model()
    model.uri = str(tmp_path / "turned")
    tf.saved_model.save(Turned(), path_utils.serving_model_dir(model.uri))
    with pytest.raises(ValueError, match="does not answer as the trained towers do"):
        canary({**inputs, "model": model}, bundle, tmp_path / "blessing")
