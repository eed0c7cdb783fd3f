"""What is read of Transform's output."""

import dataclasses

import numpy as np

from support.transformed import ITEMS, USERS, item_id
from transform import features


def test_vocabulary_of_items_is_by_count(data):
    read = data.read()
    ids, counts = read.vocabularies[features.ITEM_ID], read.counts
    assert len(ids) == len(counts) and item_id(ITEMS - 1) not in ids
    assert counts.tolist() == sorted(counts, reverse=True)
    assert counts.sum() == len(read.train.history)


def test_sizes_have_a_row_for_the_unseen(data):
    read = data.read()
    assert read.sizes[features.USER_ID] == USERS + 1
    assert read.sizes["gender"] == 3
    assert read.sizes[features.ITEM_ID] == len(read.positions) + 1
    fixed = {"age", "year", "rating"}  # cut into buckets by the definition
    assert read.sizes.keys() == {*read.vocabularies, *fixed}
    assert read.unknown_rows() == {"rating": 0} and read.item_times() == {}


def test_splits(data):
    read = data.read()
    assert len(read.train) == len(read.eval) == USERS
    assert (len(read.train.label), len(read.eval.label)) == (0, USERS)
    whole = read.train_and_eval()
    assert len(whole.label) == 0
    assert (
        whole.history.item.tolist() == read.train.history.item.tolist()
    )  # eval's labels are their last


def test_unrated_items_share_the_row_after_the_last(data):
    read = dataclasses.replace(data.read(), positions=np.array([2, 0]), counts=np.array([7, 5]))
    assert read.rows_of_catalogue().tolist() == [1, 2, 0] + [2] * (ITEMS - 3)
    assert read.events_of_catalogue().tolist() == [5, 0, 7] + [0] * (ITEMS - 3)
