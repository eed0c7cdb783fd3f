"""The files of the projector, read back by TensorBoard's own plugin."""

import json

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.plugins import base_plugin
from tensorboard.plugins.projector import projector_plugin
from werkzeug.test import Client

from trainer import projector
from trainer.data.catalogue import Catalogue
from transform import datasets
from transform.kinds import Categories, Category, Vector

YEAR = datasets.load(datasets.MOVIELENS).item.features["year"]
TITLES = ["Misérables, Les (1995)", "A\ttab and\na newline", '"Quoted" | barred', "Unrated"]
VECTORS = np.array([[0.5, -1e-8, 3], [1, 2, 3], [1e10, 0, -1 / 3], [0, 0, 0]], np.float32)


@pytest.fixture
def logs(tmp_path):
    """What a run leaves: events of the loss, as Keras writes them, and the projector's files."""
    folder = tmp_path / "model_run" / "7"
    with tf.summary.create_file_writer(str(folder / projector.RUN)).as_default(step=0):
        tf.summary.scalar("epoch_loss", 1.0)
    catalogue = Catalogue(
        item_id=np.array([b"1", b"2", b"3", b"4"]),
        title=np.array([title.encode() for title in TITLES]),
        features={
            "year": tf.constant([20, 0, 1, 31], tf.int64),
            "genres": tf.ragged.constant([[1, 0], [], [2], [0]], dtype=tf.int64),
            "brand": tf.constant([0, 0, 1, 0], tf.int64),
        },
        times={},
    )
    features = {"year": YEAR, "genres": Categories(), "brand": Category(), "image": Vector()}
    vocabularies = {"genres": [b"Comedy", b"Film-Noir"], "brand": [b"Acme"]}
    events = np.array([5, 1, 9, 0])
    projector.write(str(folder), VECTORS, catalogue, features, vocabularies, events)
    return tmp_path


@pytest.fixture
def ask(logs):
    """Asks the plugin of a TensorBoard that looks at the folder above, as the browser does."""
    multiplexer = plugin_event_multiplexer.EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(logs))
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(logs))
    context = base_plugin.TBContext(
        data_provider=provider, logdir=str(logs), multiplexer=multiplexer
    )
    routes = projector_plugin.ProjectorPlugin(context).get_plugin_apps()
    run = f"run=model_run/7/{projector.RUN}"
    return lambda route: Client(routes[route]).get(f"?{run}&name=items")


def test_plugin_finds_the_run(ask):
    assert json.loads(ask("/runs").data) == [f"model_run/7/{projector.RUN}"]
    (embedding,) = json.loads(ask("/info").data)["embeddings"]
    assert embedding["tensorShape"] == list(VECTORS.shape)


def test_plugin_reads_the_vectors(ask):
    vectors = np.frombuffer(ask("/tensor").data, np.float32).reshape(VECTORS.shape)
    np.testing.assert_allclose(vectors, VECTORS, rtol=1e-5)


def test_plugin_reads_a_line_of_titles_for_each_vector(ask):
    header, *lines = ask("/metadata").get_data(as_text=True).splitlines()
    assert header.split("\t") == ["title", "year", "genres", "brand", "events"]
    assert [line.split("\t") for line in lines] == [
        ["Misérables, Les (1995)", "1995 to 2000", "Film-Noir|Comedy", "Acme", "5"],
        ["A tab and a newline", "unknown", "none", "Acme", "1"],
        ['"Quoted" | barred', "below 1905", "unseen", "unseen", "9"],
        ["Unrated", "from 2050", "Comedy", "Acme", "0"],
    ]


def test_only_those_with_most_events_are_written(logs, monkeypatch, tmp_path):
    monkeypatch.setattr(projector, "SHOWN", 2)
    catalogue = Catalogue(
        item_id=np.array([b"1", b"2", b"3"]),
        title=np.array([b"One", b"Two", b"Three"]),
        features={},
        times={},
    )
    projector.write(str(tmp_path), VECTORS[:3], catalogue, {}, {}, np.array([4, 1, 9]))
    folder = tmp_path / projector.RUN
    titles = [line.split("\t")[0] for line in (folder / projector.METADATA).open()]
    assert titles == ["title", "One", "Three"]
    np.testing.assert_allclose(np.loadtxt(folder / projector.VECTORS), VECTORS[[0, 2]], rtol=1e-5)
