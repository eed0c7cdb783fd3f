"""Which items pass a filter: six movies with a year and genres, in an index of another order."""

import numpy as np
import pytest
import tensorflow as tf

from components.bundle import filters, records
from components.bundle.filter_terms import MOST_TERMS
from transform.definition import Definition, Event, Item, Moment
from transform.kinds import Categories, Category, Number, Words

MOVIES = {
    "a": (1980.0, ["Comedy"], "Acme"),
    "b": (1990.0, ["Comedy", "Drama"], "Acme"),
    "c": (1999.5, ["Drama"], "Brown & Co = x"),
    "d": (2000.0, [], None),
    "e": (None, ["Horror"], "Acme"),
    "f": (1990.0, ["Sci-Fi", "Drama", "Horror"], "Blue"),
}
DEFINITION = Definition(
    name="films",
    item=Item(
        id="id",
        features={
            "year": Number(filter=True),
            "genres": Categories(filter=True),
            "studio": Category(filter=True),
            "language": Category(),
            "plot": Words(),
        },
    ),
    event=Event(user="user", item="id", time=Moment("ts")),
)


def example(item_id, year, genres, studio):
    made = tf.train.Example()
    feature = made.features.feature
    feature["item_id"].bytes_list.value.append(item_id.encode())
    if year is not None:
        feature["year"].float_list.value.append(year)
    feature["genres"].bytes_list.value.extend(genre.encode() for genre in genres)
    if studio is not None:
        feature["studio"].bytes_list.value.append(studio.encode())
    return made.SerializeToString()


IDS = np.array([item_id.encode() for item_id in MOVIES], object)
CATALOGUE = records.Items(
    np.array([example(item_id, *known) for item_id, known in MOVIES.items()], object), IDS, IDS
)
ORDER = np.array([3, 1, 0, 5, 4, 2])


@pytest.fixture(scope="module", params=[filters.BITS, 0], ids=["bits", "groups"])
def passing(request):
    """A function that returns the ids that pass each filter of a batch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filters, "BITS", request.param)
        made = filters.Filters(CATALOGUE, ORDER, DEFINITION)
    spec = tf.TensorSpec([None, None], tf.string)
    mask = tf.function(made.mask, input_signature=[spec, spec], autograph=False)

    def ask(*terms):
        widest = max(1, *(len(side) for filter_of_one in terms for side in filter_of_one))
        padded = [[[*side, *[""] * (widest - len(side))] for side in each] for each in terms]
        sides = [tf.constant([each[side] for each in padded]) for side in (0, 1)]
        found = mask(*sides).numpy()
        return ["".join(sorted(i.decode() for i in IDS[ORDER][row])) for row in found]

    return ask


@pytest.mark.parametrize(
    ("require", "forbid", "expected"),
    [
        ([], [], "abcdef"),
        (["genres=Comedy"], [], "ab"),
        (["genres=Comedy", "genres=Horror"], [], "abef"),
        (["genres=Comedy", "year>=1990"], [], "b"),
        ([], ["genres=Drama"], "ade"),
        ([], ["genres=Drama", "genres=Horror"], "ad"),
        (["genres=Comedy"], ["genres=Drama"], "a"),
        (["genres=Drama", "genres=Comedy", "genres=Horror", "genres=Sci-Fi"], [], "abcef"),
        (["studio=Acme", "studio=Blue"], ["studio=Blue"], "abe"),
        (["studio=Brown & Co = x"], [], "c"),
        (["year=1990"], [], "bf"),
        (["year==1990", "year=1980", "year=7"], [], "abf"),
        (["year>1980", "year<2000"], [], "bcf"),
        (["year>=1980", "year<=1990"], [], "abf"),
        (["year > 1.99e3"], [], "cd"),
        (["year>=1990", "year>=1995"], [], "cd"),
        ([], ["year<1990"], "bcdef"),
        ([], ["year<=1990", "year>=2000"], "ce"),
        ([], ["year>1990"], "abef"),
        ([], ["year=1990", "year=2000"], "ace"),
        (["genres=Western"], [], ""),
        (["genres=comedy"], [], ""),
        ([], ["genres=Western"], "abcdef"),
        (["genres=Western", "genres=Comedy"], [], "ab"),
        (["year=1"], [], ""),
        (["genres="], [], ""),
    ],
)
def test_what_passes(passing, require, forbid, expected):
    assert passing((require, forbid)) == [expected]


def test_each_row_has_a_filter_of_its_own(passing):
    assert passing(
        (["genres=Comedy", "year<1985"], []),
        ([], []),
        (["year>1980"], ["genres=Drama", "studio=Acme"]),
        ([""], ["year=1990", "", "genres=Western"]),
    ) == ["a", "abcdef", "d", "acde"]


@pytest.mark.parametrize(
    ("term", "message"),
    [
        ("genres", "malformed.*genres"),
        ("=Comedy", "malformed.*=Comedy"),
        ("genres!=Comedy", "malformed.*genres!=Comedy"),
        ("Genres=Comedy", "malformed.*Genres=Comedy"),
        (b"genres=\xff", "malformed"),
        ("colour=red", "no feature of this name; there are: year, genres.*colour=red"),
        ("language=de", "not marked filter: true.*: year, genres, studio; got.*language=de"),
        ("plot=war", "not marked filter: true"),
        ("genres<5", "A category has no order.*genres<5"),
        ("year>=old", "compared with a number.*year>=old"),
        ("year=", "compared with a number"),
        ("year<nan", "compared with a number"),
    ],
)
def test_terms_without_meaning_are_named(passing, term, message):
    for filter_of_one in (([term], []), ([], [term])):
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"(?s){message}"):
            passing(([], []), filter_of_one)


def test_ten_thousand_terms_are_too_many(passing):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"at most 100 terms.*10000"):
        passing((["year=1990"] * 5_000, ["year=1990"] * 5_000))
    half = MOST_TERMS // 2
    assert passing((["year=1990"] * half, ["genres=Sci-Fi"] * half)) == ["b"]


@pytest.mark.parametrize("different", [filters.BITS, filters.BITS + 9])
@pytest.mark.parametrize("wanted", [1, 4, 5, 17, 26, 30])
def test_many_values_and_few(wanted, different):
    """The texts of 200 items are bits; or compared; or, where many are asked for, looked up."""
    number = np.arange(200) % different
    examples = [example(str(n), float(n), [f"g{n}"], "s") for n in number]
    items = records.Items(np.array(examples, object), np.arange(200), np.arange(200))
    made = filters.Filters(items, np.arange(200), DEFINITION)
    kinds = {filters.BITS: filters.FewTexts, filters.BITS + 9: filters.ManyTexts}
    assert isinstance(made.columns["genres"], kinds[different])
    terms = [f"genres=g{n}" for n in range(wanted)]
    nothing = tf.constant([[""]])
    assert (made.mask(tf.constant([terms]), nothing).numpy() == (number < wanted)).all()
    assert (made.mask(nothing, tf.constant([terms])).numpy() == (number >= wanted)).all()
