import pathlib

import numpy as np
import pytest
import tensorflow as tf

from components.ingestion.readers.grouplens import Movies, Ratings, Users
from components.ingestion.readers.grouplens.layout import ml_100k
from components.ingestion.splits import SplitConfig, split_ratings
from components.ingestion.timelines import movie_examples, timeline_examples

RATINGS = Ratings(
    layout=ml_100k(pathlib.Path()),
    user_id=np.array([8, 5, 8, 8, 5]),
    movie_id=np.array([300, 20, 1, 20, 1]),
    rating=np.array([4, 3.5, 5, 1, 2], np.float32),
    timestamp=np.array([30, 70, 10, 20, 60]),
)
LEAVE_LAST_OUT = SplitConfig()
USERS = Users(
    user_id=np.array([9, 8, 5]),
    age=np.array([60, 25, 18]),
    gender=["M", "F", "M"],
    occupation=["other", "writer", "4"],
    zip=["99999", "02139", ""],
)


def decoded(serialized):
    """The values of each feature of a serialized example."""
    example = tf.train.Example.FromString(serialized)
    return {
        name: list(getattr(feature, feature.WhichOneof("kind")).value)
        for name, feature in example.features.feature.items()
    }


def timelines(config=LEAVE_LAST_OUT, users=None):
    """The decoded timelines by split."""
    split = split_ratings(RATINGS.user_id, RATINGS.timestamp, config)
    result = {"train": [], "eval": [], "test": []}
    for name, serialized in timeline_examples(RATINGS, users, split):
        result[name].append(decoded(serialized))
    return result


def test_leave_last_out():
    five = {
        "user_id": [b"5"],
        "movie_id": [b"1"],
        "rating": [2.0],
        "timestamp": [60],
    }
    eight = {"user_id": [b"8"], "movie_id": [b"1"], "rating": [5.0], "timestamp": [10]}

    assert timelines() == {
        "train": [five, eight],
        "eval": [
            five,
            eight | {"label_movie_id": [b"20"], "label_rating": [1.0], "label_timestamp": [20]},
        ],
        "test": [
            five | {"label_movie_id": [b"20"], "label_rating": [3.5], "label_timestamp": [70]},
            {
                "user_id": [b"8"],
                "movie_id": [b"1", b"20"],
                "rating": [5.0, 1.0],
                "timestamp": [10, 20],
                "label_movie_id": [b"300"],
                "label_rating": [4.0],
                "label_timestamp": [30],
            },
        ],
    }


def test_only_test_keeps_users_of_whom_nothing_is_known():
    by_split = timelines(SplitConfig("temporal", eval_cut=15, test_cut=25), users=USERS)

    assert [timeline["user_id"] for timeline in by_split["train"]] == [[b"8"]]
    assert [timeline["user_id"] for timeline in by_split["eval"]] == [[b"8"]]
    five, eight = by_split["test"]
    assert five["label_movie_id"] == [b"1", b"20"]
    assert "movie_id" not in five
    assert eight["movie_id"] == [b"1", b"20"]


def test_eval_keeps_users_with_labels_only():
    by_split = timelines(SplitConfig("temporal", eval_cut=25, test_cut=65))

    assert [timeline["user_id"] for timeline in by_split["train"]] == [[b"8"]]
    five, eight = by_split["eval"]
    assert "movie_id" not in five
    assert (five["label_movie_id"], eight["label_movie_id"]) == ([b"1"], [b"300"])


@pytest.mark.parametrize("split", ["train", "eval", "test"])
def test_profiles_find_their_users(split):
    five, eight = timelines(users=USERS)[split]

    assert {name: five.get(name) for name in ("age", "gender", "occupation", "zip")} == {
        "age": [18],
        "gender": [b"M"],
        "occupation": [b"4"],
        "zip": None,
    }
    assert {name: eight.get(name) for name in ("age", "gender", "occupation", "zip")} == {
        "age": [25],
        "gender": [b"F"],
        "occupation": [b"writer"],
        "zip": [b"02139"],
    }


def test_movies():
    movies = Movies(
        movie_id=np.array([7, 3]),
        title=["Misérables, Les (1995)", "unknown"],
        genres=[["Drama", "Musical"], []],
        year=np.array([1995, -1]),
    )

    assert [decoded(movie) for movie in movie_examples(movies)] == [
        {
            "movie_id": [b"7"],
            "title": ["Misérables, Les (1995)".encode()],
            "genres": [b"Drama", b"Musical"],
            "year": [1995],
        },
        {"movie_id": [b"3"], "title": [b"unknown"]},
    ]
