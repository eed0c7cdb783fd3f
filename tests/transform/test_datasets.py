import pytest

from transform import datasets


def test_a_shipped_definition_is_read_once():
    assert datasets.load(datasets.MOVIELENS) is datasets.load("movielens")


def test_unknown_data_set():
    with pytest.raises(FileNotFoundError, match="netflix"):
        datasets.load("netflix")
