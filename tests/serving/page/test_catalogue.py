"""What the page reads from the folder of a version."""

import numpy as np
import pytest
import tensorflow as tf

from serving.page import catalogue, details
from transform import datasets, definition_files, yaml_files


def test_a_folder_without_a_bundle_is_named(tmp_path):
    with pytest.raises(ValueError, match=str(tmp_path)):
        catalogue.read(str(tmp_path))
    with pytest.raises(ValueError, match=f"{tmp_path} holds no bundle"):
        catalogue.any_user(str(tmp_path))


def test_plane_keeps_the_directions_in_which_vectors_differ():
    vectors = np.array([[0, 0, 5], [4, 0, 5], [0, 1, 5], [4, 1, 5]], np.float32)
    points = catalogue.plane(vectors)
    assert np.abs(points).tolist() == [[1, 1]] * 4
    assert len({tuple(point) for point in points.tolist()}) == 4
    assert catalogue.plane(np.ones((3, 4), np.float32)).tolist() == [[-1, -1]] * 3


def test_a_bundle_is_read_without_its_model(bundle_base):
    items = catalogue.read(str(bundle_base / "1"))
    assert len(items.titles) == 60
    assert list(items.rows) == list(items.titles)
    assert items.directions.shape[0] == items.points.shape[0] == 60
    assert len(items.history("3")) == 5
    assert set(items.history("3")) <= set(items.titles)
    assert items.history("nobody") == []
    assert catalogue.any_user(str(bundle_base / "1")) in items.histories
    assert items.definition.shown == "MovieLens"
    assert items.details("7") == {"year": "1999", "genres": "Drama, War"}
    assert items.details("no such item") == {}


def test_the_nearest_of_some_items():
    directions = np.array([[1, 0], [0.8, 0.6], [0, 1], [-1, 0]], np.float32)
    ids = ["a", "b", "c", "d"]
    items = catalogue.Catalogue(
        definition=datasets.load(datasets.MOVIELENS),
        items=np.array([b""] * 4, object),
        titles=dict.fromkeys(ids, ""),
        directions=directions,
        points=np.zeros((4, 2), np.float32),
        histories={},
        rows={item: row for row, item in enumerate(ids)},
    )
    # cosines of a: b 0.8, c 0, d -1
    nearest = items.nearest("a", ["d", "c", "b", "a", "unknown"], 2)
    assert [(item, round(cosine, 6)) for item, cosine in nearest] == [("b", 0.8), ("c", 0.0)]
    assert items.nearest("unknown", ["a"], 2) == []
    assert items.nearest("a", ["a", "unknown"], 2) == []


ITEM = """
name: shop
item:
  id: sku
  features:
    brand: {kind: category}
    price: {kind: number}
    tags: {kind: categories}
    release_time: {kind: time}
    text: {kind: words}
    image: {kind: vector, size: 2}
event: {user: customer, item: sku, time: {column: ts}}
"""


def test_features_for_people():
    definition = definition_files.build(*yaml_files.parse(ITEM, "d.yaml"), "d.yaml")
    item = tf.train.Example()
    stored = item.features.feature
    stored["price"].float_list.value.append(19.99)
    stored["tags"].bytes_list.value.extend([b"red", "für".encode()])
    stored["release_time"].int64_list.value.append(1_700_000_000)
    stored["text"].bytes_list.value.append(b"a long text")
    stored["image"].float_list.value.extend([1, 2])
    assert details.describe(item.SerializeToString(), definition) == {
        "price": "19.99",
        "tags": "red, für",
        "release time": "2023-11-14",
    }
    stored["release_time"].int64_list.value[0] = 10**12
    stored["brand"].bytes_list.value.append(b"Acme")
    described = details.describe(item.SerializeToString(), definition)
    assert (described["brand"], described["release time"]) == ("Acme", "1000000000000 s")


def test_an_item_that_is_twice_in_a_history_is_shown_once():
    timeline = tf.train.Example()
    timeline.features.feature["item_id"].bytes_list.value.extend([b"a", b"b", b"a"])
    items = catalogue.Catalogue(
        definition=datasets.load(datasets.MOVIELENS),
        items=np.array([], object),
        titles={},
        directions=np.zeros((0, 2), np.float32),
        points=np.zeros((0, 2), np.float32),
        histories={"someone": timeline.SerializeToString()},
        rows={},
    )
    assert items.history("someone") == ["a", "b"]
