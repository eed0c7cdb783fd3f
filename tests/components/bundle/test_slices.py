import numpy as np
import pytest
import tensorflow as tf

from components.bundle import slices
from transform import datasets, definition
from transform.kinds import Category, Number


@pytest.mark.parametrize(
    ("events", "band"),
    [(0, "0"), (1, "1-19"), (19, "1-19"), (20, "20-49"), (199, "100-199"), (737, "200+")],
)
def test_activity(events, band):
    assert slices.activity(tf.constant([events])).numpy() == [band.encode()]


@pytest.mark.parametrize(
    ("age", "group"),
    [(np.nan, "unknown"), (1, "0-17"), (17, "0-17"), (18, "18-24"), (45, "45-49"), (56, "56+")],
)
def test_age_group(age, group):
    movielens = datasets.load(datasets.MOVIELENS)
    bands = slices.number_bands({"age": tf.constant([age], tf.float32)}, movielens)
    assert {name: band.numpy().tolist() for name, band in bands.items()} == {
        "age_group": [group.encode()]
    }


@pytest.mark.parametrize(
    ("bounds", "lowest", "names"),
    [
        ([18, 25], 0, ["0-17", "18-24", "25+"]),
        ([18, 25], None, ["below 18", "18-24", "25+"]),
        ([18, 25], 18, ["below 18", "18-24", "25+"]),
        ([1, 2, 5], 0, ["0", "1", "2-4", "5+"]),
        ([0, 10], None, ["below 0", "0-9", "10+"]),
        ([-10, 0, 1], -20, ["-20--11", "-10--1", "0", "1+"]),
        ([18, 25], 0.5, ["below 18", "18-24", "25+"]),
        ([0.5, 1], 0, ["below 0.5", "0.5 to 1", "1+"]),
        ([7], None, ["below 7", "7+"]),
    ],
    ids=[
        "ages",
        "no-least",
        "least-is-the-first-bound",
        "single-numbers",
        "from-zero",
        "negative",
        "fractional-least",
        "fractions",
        "one-bound",
    ],
)
def test_band_names(bounds, lowest, names):
    assert slices.band_names(bounds, lowest) == names


def test_slice_keys_are_raw_categories_or_bands_of_numbers():
    data_set = definition.Definition(
        name="shop",
        item=definition.Item(id="sku"),
        user=definition.User(id="customer", features={"country": Category(), "income": Number()}),
        event=definition.Event(user="u", item="i", time=definition.Moment("t")),
        slices={"label_popularity": (), "country": (), "income": (10.5,)},
    )
    assert slices.slice_keys(data_set) == ("label_popularity", "country", "income_group")
    bands = slices.number_bands({"income": tf.constant([10.4, 10.5, np.nan])}, data_set)
    assert bands["income_group"].numpy().tolist() == [b"below 10.5", b"10.5+", b"unknown"]


@pytest.mark.parametrize(
    ("share", "band"),
    [(0.0, "head"), (0.1, "torso"), (0.5, "tail"), (1.0, "tail"), (np.nan, "none")],
)
def test_popularity_band(share, band):
    found = slices.popularity_band(tf.constant([share], tf.float32))
    assert found.numpy() == [band.encode()]
