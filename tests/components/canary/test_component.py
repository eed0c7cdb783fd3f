import numpy as np

from components.canary.component import anonymous
from transform import features


def test_who_asks_by_a_history_tells_neither_stars_nor_times():
    query = {
        features.USER_ID: np.array([b"1"], object),
        features.AGE: np.array([30]),
        features.ITEM_ID: np.array([[b"50", b"181"]], object),
        features.RATING: np.array([[5.0, 3.0]], np.float32),
        features.TIME: np.array([[10, 20]]),
    }
    asked = anonymous(query)
    assert asked[features.USER_ID].tolist() == [b""]
    assert asked[features.RATING].tolist() == [[0.0, 0.0]]
    assert asked[features.TIME].tolist() == [[0, 0]]
    assert asked[features.AGE].tolist() == [30]
    assert asked[features.ITEM_ID].tolist() == [[b"50", b"181"]]
