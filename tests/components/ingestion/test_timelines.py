import pyarrow as pa
import pytest
import tensorflow as tf

from components.ingestion.splits import SplitConfig, split_events
from components.ingestion.tables import Tables
from components.ingestion.timelines import item_examples, order_users, timeline_examples
from transform import datasets, definition_files

MOVIELENS = datasets.load(datasets.MOVIELENS)
LEAVE_LAST_OUT = SplitConfig()


def dictionary(values):
    return pa.array(values, pa.string()).dictionary_encode()


EVENTS = pa.table(
    {
        "user_id": dictionary(["8", "5", "8", "8", "5"]),
        "item_id": dictionary(["300", "20", "1", "20", "1"]),
        "time": pa.array([30, 70, 10, 20, 60]),
        "rating": pa.array([4, 3.5, 5, 1, 2], pa.float32()),
    }
)
USERS = pa.table(
    {
        "user_id": ["9", "8", "5"],
        "gender": ["M", "F", "M"],
        "occupation": ["other", "writer", "4"],
        "zip": ["99999", "02139", None],
        "age": pa.array([60, 25, 18], pa.float32()),
    }
)
NO_ITEMS = pa.table({"item_id": pa.array([], pa.string()), "title": pa.array([], pa.string())})


def decoded(serialized):
    """The values of each feature of a serialized example."""
    example = tf.train.Example.FromString(serialized)
    return {
        name: list(getattr(feature, feature.WhichOneof("kind")).value)
        for name, feature in example.features.feature.items()
    }


def serialized(config=LEAVE_LAST_OUT, users=None, events=EVENTS, definition=MOVIELENS):
    """Pairs of split and bytes."""
    ordered = order_users(events)
    split = split_events(ordered.code, events.column("time").to_numpy(), config)
    tables = Tables(NO_ITEMS, users, events, layout="csv", files=())
    return list(timeline_examples(tables, definition, ordered.ids, split))


def timelines(*args, **settings):
    """The decoded timelines by split."""
    result = {"train": [], "eval": [], "test": []}
    for name, example in serialized(*args, **settings):
        result[name].append(decoded(example))
    return result


def test_leave_last_out():
    five = {"user_id": [b"5"], "item_id": [b"1"], "rating": [2.0], "time": [60]}
    eight = {"user_id": [b"8"], "item_id": [b"1"], "rating": [5.0], "time": [10]}

    assert timelines() == {
        "train": [five, eight],
        "eval": [
            five,
            eight | {"label_item_id": [b"20"], "label_rating": [1.0], "label_time": [20]},
        ],
        "test": [
            five | {"label_item_id": [b"20"], "label_rating": [3.5], "label_time": [70]},
            {
                "user_id": [b"8"],
                "item_id": [b"1", b"20"],
                "rating": [5.0, 1.0],
                "time": [10, 20],
                "label_item_id": [b"300"],
                "label_rating": [4.0],
                "label_time": [30],
            },
        ],
    }


def test_only_test_keeps_users_of_whom_nothing_is_known():
    by_split = timelines(SplitConfig("temporal", eval_cut=15, test_cut=25), users=USERS)

    assert [timeline["user_id"] for timeline in by_split["train"]] == [[b"8"]]
    assert [timeline["user_id"] for timeline in by_split["eval"]] == [[b"8"]]
    five, eight = by_split["test"]
    assert five["label_item_id"] == [b"1", b"20"]
    assert "item_id" not in five
    assert eight["item_id"] == [b"1", b"20"]


def test_eval_keeps_users_with_labels_only():
    by_split = timelines(SplitConfig("temporal", eval_cut=25, test_cut=65))

    assert [timeline["user_id"] for timeline in by_split["train"]] == [[b"8"]]
    five, eight = by_split["eval"]
    assert "item_id" not in five
    assert (five["label_item_id"], eight["label_item_id"]) == ([b"1"], [b"300"])


@pytest.mark.parametrize("split", ["train", "eval", "test"])
def test_features_find_their_users(split):
    five, eight = timelines(users=USERS)[split]

    assert {name: five.get(name) for name in ("age", "gender", "occupation", "zip")} == {
        "age": [18.0],
        "gender": [b"M"],
        "occupation": [b"4"],
        "zip": None,
    }
    assert {name: eight.get(name) for name in ("age", "gender", "occupation", "zip")} == {
        "age": [25.0],
        "gender": [b"F"],
        "occupation": [b"writer"],
        "zip": [b"02139"],
    }


def test_of_a_user_who_is_not_listed_only_events_tell():
    _, eight = timelines(users=USERS.filter(pa.array([True, False, True])))["test"]
    assert "age" not in eight
    assert eight["item_id"] == [b"1", b"20"]


def test_users_come_in_the_order_of_their_ids_bytes():
    ids = ["é", "10", "9", "Z", "007", "7", "a"]
    events = pa.table(
        {
            "user_id": dictionary(ids),
            "item_id": dictionary(["1"] * 7),
            "time": pa.array([1] * 7),
            "rating": pa.array([1.0] * 7, pa.float32()),
        }
    )
    found = [timeline["user_id"][0] for timeline in timelines(events=events)["test"]]
    assert found == sorted(text.encode() for text in ids)


def test_ties_in_time_keep_the_order_of_the_input():
    events = pa.table(
        {
            "user_id": dictionary(["a"] * 5),
            "item_id": dictionary(["3", "1", "2", "0", "1"]),
            "time": pa.array([7, 7, 7, 6, 7]),
            "rating": pa.array([1.0] * 5, pa.float32()),
        }
    )
    (timeline,) = timelines(events=events)["test"]
    assert timeline["item_id"] + timeline["label_item_id"] == [b"0", b"3", b"1", b"2", b"1"]


def test_the_same_tables_give_the_same_bytes():
    assert serialized(users=USERS) == serialized(users=USERS)


SHOP = definition_files.build(
    {
        "name": "shop",
        "item": {
            "id": "sku",
            "features": {
                "brand": {"kind": "category"},
                "tags": {"kind": "categories"},
                "text": {"kind": "words"},
                "price": {"kind": "number"},
                "released": {"kind": "time"},
                "image": {"kind": "vector", "size": 2},
            },
        },
        "user": {
            "id": "user",
            "features": {
                "joined": {"kind": "time"},
                "likes": {"kind": "categories"},
                "bio": {"kind": "words"},
                "face": {"kind": "vector", "size": 2},
            },
        },
        "event": {
            "user": "user",
            "item": "sku",
            "time": {"column": "ts"},
            "weight": "w",
            "features": {
                "type": {"kind": "category"},
                "amount": {"kind": "number"},
                "place": {"kind": "vector", "size": 2},
            },
        },
    },
    {},
    "shop.yaml",
)


def test_every_kind_of_feature_of_users_and_events():
    pairs = pa.list_(pa.float32(), 2)
    events = pa.table(
        {
            "user_id": dictionary(["u", "u", "u"]),
            "item_id": dictionary(["a", "a", "007"]),
            "time": pa.array([1, 2, 3]),
            "weight": pa.array([0.5, 1, 2], pa.float32()),
            "type": dictionary(["view", None, "buy"]),
            "amount": pa.array([1, 3, None], pa.float32()),
            "place": pa.array([[1, 2], None, [3, 4]], pairs),
        }
    )
    users = pa.table(
        {
            "user_id": ["u"],
            "joined": pa.array([77]),
            "likes": pa.array([["x", "y"]]),
            "bio": ["Some Words"],
            "face": pa.array([[5, 6]], pairs),
        }
    )
    (timeline,) = timelines(SplitConfig("temporal", eval_cut=3, test_cut=3), users, events, SHOP)[
        "test"
    ]
    assert timeline["label_amount"][0] != timeline["label_amount"][0]  # NaN: missing
    del timeline["label_amount"]
    assert timeline == {
        "user_id": [b"u"],
        "joined": [77],
        "likes": [b"x", b"y"],
        "bio": [b"Some Words"],
        "face": [5.0, 6.0],
        "item_id": [b"a", b"a"],
        "time": [1, 2],
        "weight": [0.5, 1.0],
        "type": [b"view", b""],
        "amount": [1.0, 3.0],
        "place": [1.0, 2.0, 0.0, 0.0],
        "label_item_id": [b"007"],
        "label_time": [3],
        "label_weight": [2.0],
        "label_type": [b"buy"],
        "label_place": [3.0, 4.0],
    }


def test_every_kind_of_feature_of_items():
    items = pa.table(
        {
            "item_id": ["007", "é"],
            "title": ["Misérables, Les", "unknown"],
            "brand": ["A", None],
            "tags": pa.array([["Drama", "Musical"], []], pa.list_(pa.string())),
            "text": ["Les Mis", None],
            "price": pa.array([9.5, None], pa.float32()),
            "released": pa.array([-5, None], pa.int64()),
            "image": pa.array([[1, 2], None], pa.list_(pa.float32(), 2)),
        }
    )

    assert [decoded(item) for item in item_examples(items, SHOP)] == [
        {
            "item_id": [b"007"],
            "title": ["Misérables, Les".encode()],
            "brand": [b"A"],
            "tags": [b"Drama", b"Musical"],
            "text": [b"Les Mis"],
            "price": [9.5],
            "released": [-5],
            "image": [1.0, 2.0],
        },
        {"item_id": ["é".encode()], "title": [b"unknown"]},
    ]
