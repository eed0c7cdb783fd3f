"""The frozen split is the pipeline's, and ids become positions."""

import numpy as np

from benchmarks import ours
from benchmarks.protocols import EVAL, TEST, TRAIN
from components.splits import SplitConfig


def test_frozen_split_is_in_order_of_users_and_times(tmp_path, write_checkerboard):
    data = write_checkerboard(tmp_path, users=6, movies=12)
    split, users, catalogue = ours.frozen_split(data, SplitConfig())
    assert catalogue.tolist() == sorted(b"%d" % movie for movie in range(1, 13))
    assert users.tolist() == [b"%d" % user for user in range(1, 7)]
    assert np.bincount(split.part).tolist() == [6 * 4, 6, 6]
    for user in range(6):
        own = split.part[split.user == user]
        assert own.tolist() == [TRAIN] * 4 + [EVAL, TEST]
        parity = {int(catalogue[movie]) % 2 for movie in split.movie[split.user == user]}
        assert parity == {int(users[user]) % 2}


def test_positions_of_ids():
    catalogue = np.array([b"1", b"10", b"2"])
    asked = np.array([[b"2", b"1"], [b"10", b""]], dtype=object)
    assert ours.positions(asked, catalogue).tolist() == [[2, 0], [1, -1]]
