"""From columns to `tf.Example`: one per user and split, and one per movie."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.ingestion.readers.grouplens import Movies, Ratings, Users
from components.ingestion.readers.grouplens.movies import NO_YEAR
from components.ingestion.splits import SPLITS, Split
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
        users: The profiles, one for each user who rated; None leaves the profile features out.
        split: Which rows are history and labels of whom.

    Yields:
        The name of a split and a serialized `tf.Example`, typed as in `timelines.pbtxt`. Lists
        without entries and profile features that are not known are absent.
    """
    movie_ids, movie_row = np.unique(ratings.movie_id, return_inverse=True)
    movie_names = id_names(movie_ids)
    profiles = _profiles(users, split.user_id)
    for name in SPLITS:  # one after the other: what Beam buffers of a split is freed in one piece
        history, labels = split.history(name), split.labels(name)
        for user, profile in enumerate(profiles):
            timeline = tf.train.Example()
            for columns, lists in ((features.HISTORY, history), (features.LABEL, labels)):
                rows = lists.of(user)
                if len(rows):
                    movie, rating, timestamp = (timeline.features.feature[key] for key in columns)
                    movie.bytes_list.value.extend(movie_names[movie_row[rows]].tolist())
                    rating.float_list.value.extend(ratings.rating[rows].tolist())
                    timestamp.int64_list.value.extend(ratings.timestamp[rows].tolist())
            if timeline.features.feature or name == features.TEST:
                timeline.MergeFrom(profile)
                yield name, timeline.SerializeToString(deterministic=True)


def movie_examples(movies: Movies) -> Iterator[bytes]:
    """Yields the catalogue in file order, each movie a serialized `tf.Example` of `movies.pbtxt`.

    Genres and year are absent where they are not known.
    """
    for name, title, genres, year in zip(
        id_names(movies.movie_id), movies.title, movies.genres, movies.year.tolist(), strict=True
    ):
        movie = tf.train.Example()
        feature = movie.features.feature
        feature[features.MOVIE_ID].bytes_list.value.append(name)
        feature[features.TITLE].bytes_list.value.append(title.encode())
        if genres:
            feature[features.GENRES].bytes_list.value.extend(genre.encode() for genre in genres)
        if year != NO_YEAR:
            feature[features.YEAR].int64_list.value.append(year)
        yield movie.SerializeToString(deterministic=True)


def id_names(ids: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    """Returns ids as they are named everywhere after ingestion: the bytes of their decimal form."""
    return np.array([b"%d" % number for number in ids.tolist()], dtype=object)


def _profiles(users: Users | None, user_id: npt.NDArray[np.int64]) -> list[tf.train.Example]:
    """Returns what is known of each user in `user_id` besides ratings: the id and the profile."""
    profiles = []
    for name in id_names(user_id):
        profile = tf.train.Example()
        profile.features.feature[features.USER_ID].bytes_list.value.append(name)
        profiles.append(profile)
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
        feature = profile.features.feature
        feature[features.AGE].int64_list.value.append(users.age[entry])
        for name, column in words:
            if column[entry]:
                feature[name].bytes_list.value.append(column[entry].encode())
    return profiles
