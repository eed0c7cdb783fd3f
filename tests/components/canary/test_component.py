import numpy as np

from components.canary.expectation import Expectation
from transform import features


def test_who_asks_by_a_history_alone_tells_neither_user_nor_events(tiny):
    query = {
        features.USER_ID: np.array([b"1"], object),
        "age": np.array([30.0], np.float32),
        **{name: np.array([b"x"], object) for name in ("gender", "occupation", "zip")},
        features.ITEM_ID: np.array([[b"4", b"2"]], object),
        "rating": np.array([[5.0, 3.0]], np.float32),
        features.TIME: np.array([[10, 20]]),
        features.REQUEST_TIME: np.array([0]),
    }
    expected = Expectation(
        tiny.DEFINITION, tiny.towers(), tiny.catalogue(), np.zeros(6, np.float32), exact=True
    )
    asked = [of_towers for of_towers, *_ in expected._queries(query)]
    by_id, at_a_time, by_query, alone, filtered = asked
    assert filtered is by_query
    assert by_id[features.USER_ID].numpy().tolist() == [b"1"]
    assert at_a_time[features.USER_ID].numpy().tolist() == [b"1"]
    assert at_a_time[features.REQUEST_TIME].numpy().tolist() == [80]  # a minute after the last
    assert by_query[features.USER_ID].numpy().tolist() == [b""]
    assert by_query["age"].numpy().tolist() == [30]
    assert by_query["rating"].numpy().tolist() == [[5.0, 3.0]]
    assert alone[features.USER_ID].numpy().tolist() == [b""]
    assert np.isnan(alone["age"]).all() and np.isnan(alone["rating"]).all()
    assert alone[features.TIME].numpy().tolist() == [[0, 0]]
    assert alone[features.ITEM_ID].numpy().tolist() == [[b"4", b"2"]]
