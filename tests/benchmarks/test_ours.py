"""The frozen split is the pipeline's, and what a bundle is asked never holds a label."""

import numpy as np
import tensorflow as tf

from benchmarks import ours
from benchmarks.protocols import EVAL, TEST, TRAIN
from components.ingestion.splits import SplitConfig
from transform import features


def values(example, name):
    return list(tf.train.Example.FromString(example).features.feature[name].bytes_list.value)


def test_frozen_split_is_in_order_of_users_and_times(tmp_path, write_checkerboard):
    data = write_checkerboard(tmp_path, users=6, movies=12)
    frozen = ours.freeze(data, SplitConfig())
    split = frozen.ratings
    catalogue = [values(movie, features.ITEM_ID)[0] for movie in frozen.movies]
    assert catalogue == frozen.movie_ids.tolist() == sorted(b"%d" % n for n in range(1, 13))
    assert np.bincount(split.part).tolist() == [6 * 4, 6, 6]
    for user, timeline in enumerate(frozen.timelines):
        own = split.user == user
        assert values(timeline, features.USER_ID) == [b"%d" % (user + 1)]
        assert split.part[own].tolist() == [TRAIN] * 4 + [EVAL, TEST]
        watched = [catalogue[movie] for movie in split.movie[own]]
        assert values(timeline, features.ITEM_ID) == watched[:-1]
        assert {int(movie) % 2 for movie in watched} == {(user + 1) % 2}
