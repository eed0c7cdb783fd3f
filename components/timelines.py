"""From columns to `tf.Example`: one per user and split, and one per movie."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.grouplens import Movies, Ratings, Users
from components.splits import SPLITS, RowLists, Split
from transform import features


def timeline_examples(
    ratings: Ratings, users: Users | None, split: Split
) -> Iterator[tuple[str, bytes]]:
    """Yields the timelines of all splits, by split and ascending user id.

    The test timelines are the store of users that serving answers from, so every user who rated has
    one, with or without labels. In train and eval a user with neither history nor labels is left
    out.

    Args:
        ratings: The columns that the rows of `split` refer to.
        users: The profiles; None leaves the profile features out.
        split: Which rows are history and labels of whom.

    Yields:
        The name of a split and a serialized `tf.Example`, typed as in `timelines.pbtxt`. Lists
        without entries and profile features that are not known are absent.
    """
    movie_ids, movie_row = np.unique(ratings.movie_id, return_inverse=True)
    movie_names = id_names(movie_ids)
    profiles = _profiles(users, split.user_id)

    def feature_lists(rows: npt.NDArray[np.int64]) -> tuple[tf.train.Feature, ...]:
        return (
            bytes_feature(movie_names[movie_row[rows]].tolist()),
            tf.train.Feature(float_list=tf.train.FloatList(value=ratings.rating[rows].tolist())),
            int64_feature(ratings.timestamp[rows].tolist()),
        )

    for name in SPLITS:
        history, labels = split.history(name), split.labels(name)
        for user, profile in enumerate(profiles):
            timeline = dict(profile)
            for columns, lists in ((features.HISTORY, history), (features.LABEL, labels)):
                rows = lists.rows[lists.offsets[user] : lists.offsets[user + 1]]
                if len(rows):
                    timeline |= zip(columns, feature_lists(rows), strict=True)
            if len(timeline) > len(profile) or name == features.TEST:
                yield name, serialize(timeline)


def movie_examples(movies: Movies) -> Iterator[bytes]:
    """Yields the catalogue in file order, each movie a serialized `tf.Example` of `movies.pbtxt`.

    Genres and year are absent where they are not known.
    """
    for name, title, genres, year in zip(
        id_names(movies.movie_id), movies.title, movies.genres, movies.year.tolist(), strict=True
    ):
        movie = {
            features.MOVIE_ID: bytes_feature([name]),
            features.TITLE: bytes_feature([title.encode()]),
        }
        if genres:
            movie[features.GENRES] = bytes_feature([genre.encode() for genre in genres])
        if year >= 0:
            movie[features.YEAR] = int64_feature([year])
        yield serialize(movie)


def id_names(ids: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    """Returns ids as they are named everywhere after ingestion: the bytes of their decimal form."""
    return np.array([b"%d" % number for number in ids.tolist()], dtype=object)


def bytes_feature(values: list[bytes]) -> tf.train.Feature:
    """Returns a feature of byte strings."""
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))


def int64_feature(values: list[int]) -> tf.train.Feature:
    """Returns a feature of whole numbers."""
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def serialize(example: dict[str, tf.train.Feature]) -> bytes:
    """Returns a `tf.Example` as bytes that depend on nothing but its content."""
    message = tf.train.Example(features=tf.train.Features(feature=example))
    return message.SerializeToString(deterministic=True)


def _profiles(
    users: Users | None, user_id: npt.NDArray[np.int64]
) -> list[dict[str, tf.train.Feature]]:
    """Returns the id and profile features of each user in `user_id`, each of whom has an entry."""
    profiles = [{features.USER_ID: bytes_feature([name])} for name in id_names(user_id)]
    if users is None:
        return profiles
    by_id = np.argsort(users.user_id)
    entries = by_id[np.searchsorted(users.user_id, user_id, sorter=by_id)].tolist()
    words = (
        (features.GENDER, users.gender),
        (features.OCCUPATION, users.occupation),
        (features.ZIP, users.zip),
    )
    for profile, entry in zip(profiles, entries, strict=True):
        profile[features.AGE] = int64_feature([int(users.age[entry])])
        for name, column in words:
            if column[entry]:
                profile[name] = bytes_feature([column[entry].encode()])
    return profiles
