import numpy as np
import pytest

from serving.page import catalogue


def test_a_folder_without_a_bundle_is_named(tmp_path):
    with pytest.raises(ValueError, match=str(tmp_path)):
        catalogue.read(str(tmp_path))


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


def test_the_nearest_of_some_items():
    directions = np.array([[1, 0], [0.8, 0.6], [0, 1], [-1, 0]], np.float32)
    ids = ["a", "b", "c", "d"]
    items = catalogue.Catalogue(
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
