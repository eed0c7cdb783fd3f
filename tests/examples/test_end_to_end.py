"""Both examples, from generated files to recommendations, through the command line."""

import dataclasses
import json
import pathlib
import subprocess
import sys
import uuid

import pytest

from components.ingestion.splits import SplitConfig
from support import ROOT
from transform import definition_files

pytestmark = pytest.mark.slow

EXAMPLES = ROOT / "examples"
SHOP = EXAMPLES / "shop" / "definition.yaml"
LISTS = EXAMPLES / "reading_lists" / "definition.yaml"
QUICK = ("--set", "model.batch_size=128", "--set", "model.learning_rate=0.01")
ADDED = {  # a category, a number and a vector each; the files have them all along
    "  features:\n    brand:": """
    colour: {kind: category}
    grams: {kind: number, column: weight_g}
    look: {kind: vector, size: 16, column: image}
""",
    "  features:\n    country:": """
    segment: {kind: category}
    age: {kind: number}
    profile: {kind: vector, size: 4}
""",
    "  features:\n    type:": """
    device: {kind: category}
    seconds: {kind: number}
    scene: {kind: vector, size: 2}
""",
}


def command(*arguments):
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def movielens(*arguments):
    return command("-m", "pipeline.cli", *arguments)


def run(data, definition, output, epochs):
    """Runs the whole pipeline, and returns its record."""
    asked = ("--data", data, "--definition", definition, "--output", output, "--epochs", epochs)
    return json.loads(movielens("run", *asked, *QUICK, "--json"))


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Folder of a run on the shop, and the run's record."""
    folder = tmp_path_factory.mktemp("shop")
    command(EXAMPLES / "shop" / "make_shop.py", "--out", folder / "data")
    return folder / "runs", run(folder / "data", SHOP, folder / "runs", 20)


def test_the_shop_beats_popularity_and_is_pushed(shop):
    output, record = shop
    metrics = record["metrics"][""]
    assert metrics["hit@10"] > 1.3 * metrics["popular hit@10"]
    assert pathlib.Path(record["pushed"]).parent == output / "serving" / "shop"


def test_a_customer_is_recommended_products(shop, tmp_path):
    output, _ = shop
    out = tmp_path / "recs.parquet"
    movielens("batch", "--runs", output, "--out", out)
    import pyarrow.parquet as pq

    rows = pq.read_table(out).to_pylist()
    customer = str(uuid.UUID(rows[0]["user_id"]))
    of_one = [row["item_id"] for row in rows if row["user_id"] == customer]
    answer = json.loads(movielens("recommend", customer, "--runs", output, "--json"))
    assert answer["known_user"]
    assert [each["item_id"] for each in answer["recommendations"]] == of_one
    history = json.loads(
        movielens("recommend", "--history", ",".join(of_one[:2]), "--runs", output, "--json")
    )
    assert not {each["item_id"] for each in history["recommendations"]} & set(of_one[:2])
    similar = json.loads(movielens("similar", of_one[0], "--runs", output, "--json"))
    assert similar["item_id"] == of_one[0] and len(similar["similar"]) == 10


def test_every_format_gives_the_same_examples(tmp_path):
    """And so the same model."""
    from components.ingestion import items_example_gen, settings, timelines_example_gen

    definition = definition_files.load(SHOP)
    split = dataclasses.asdict(SplitConfig())
    asked = {settings.SPLIT: split, settings.FORGOTTEN: "", settings.AS_OF: ""}
    found = []
    for name in ("csv", "parquet", "shards"):
        command(EXAMPLES / "shop" / "make_shop.py", "--out", tmp_path / name, "--format", name)
        found.append(
            [
                (list(ingested.examples), ingested.counts)
                for ingested in (
                    module.Executor.ingest(tmp_path / name, definition, asked)
                    for module in (items_example_gen, timelines_example_gen)
                )
            ]
        )
    assert len(list((tmp_path / "shards").rglob("*.*"))) > 3  # a folder of files a table
    assert found[0] == found[1] == found[2]


def test_features_are_added_by_yaml_alone(tmp_path):
    import tensorflow as tf

    from serving.client import bundle_definition, query_inputs

    command(EXAMPLES / "shop" / "make_shop.py", "--out", tmp_path / "data")
    text = SHOP.read_text()
    for place, lines in ADDED.items():
        assert place in text
        head, first = place.split("\n")
        text = text.replace(place, f"{head}{lines.rstrip()}\n{first}")
    definition = tmp_path / "definition.yaml"
    definition.write_text(text)
    record = run(tmp_path / "data", definition, tmp_path / "runs", 8)
    bundle = tf.saved_model.load(record["pushed"])
    recommend = bundle.signatures["recommend"]
    inputs = recommend.structured_input_signature[1]
    shapes = {name: (spec.dtype, spec.shape.as_list()) for name, spec in inputs.items()}
    assert shapes["segment"] == (tf.string, [None])
    assert shapes["age"] == (tf.float32, [None])
    assert shapes["profile"] == (tf.float32, [None, 4])
    assert shapes["history_device"] == (tf.string, [None, None])
    assert shapes["history_seconds"] == (tf.float32, [None, None])
    assert shapes["history_scene"] == (tf.float32, [None, None, 2])
    item = tf.train.Example.FromString(bundle.answers.items.numpy()[0])
    assert {"colour", "grams", "look"} <= set(item.features.feature)
    without = tf.train.Example.FromString(item.SerializeToString())
    for name in ("colour", "grams", "look"):
        before = embed(bundle, without)
        del without.features.feature[name]
        assert embed(bundle, without) != before  # the tower knows it
    stated = bundle_definition.read(record["pushed"])
    history = [query_inputs.Event(item.features.feature["item_id"].bytes_list.value[0].decode())]
    answers = [
        recommend(
            **{
                name: tf.constant(value)
                for name, value in query_inputs.build(stated, history, user, []).items()
            }
        )["scores"].numpy()
        for user in ({}, {"segment": "new"}, {"age": 30}, {"profile": [1, -1, 1, 2]})
    ]
    assert all((answers[0] != other).any() for other in answers[1:])


def embed(bundle, item):
    vectors = bundle.signatures["embed_candidate"](examples=[item.SerializeToString()])
    return vectors["embedding"].numpy().tolist()


def test_reading_lists(tmp_path):
    made = EXAMPLES / "reading_lists" / "make_reading_lists.py"
    command(made, "--out", tmp_path / "data")
    record = run(tmp_path / "data", LISTS, tmp_path / "runs", 20)
    metrics = record["metrics"][""]
    assert metrics["hit@10"] > 1.3 * metrics["popular hit@10"]
    assert pathlib.Path(record["pushed"]).parent == tmp_path / "runs/serving/reading_lists"
    told = movielens("recommend", "reader-0007", "--runs", tmp_path / "runs")
    assert "Recommended to user reader-0007" in told
    refused = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "similar", "no such", "--runs", tmp_path / "runs"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.stderr == "movielens: No book is called 'no such' and none has that id.\n"
