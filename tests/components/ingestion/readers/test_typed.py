import pathlib

import numpy as np
import pyarrow as pa
import pytest

from components.ingestion.faults import Faults
from components.ingestion.readers.numbers import type_number
from components.ingestion.readers.shards import Origin, Shard
from components.ingestion.readers.texts import type_categories, type_category, type_id
from components.ingestion.readers.times import type_time
from components.ingestion.readers.units import ANY_MOMENT, events_until
from components.ingestion.readers.vectors import type_vector
from transform.kinds import Categories, Category, Number, Vector


def column(values, kind=None):
    return pa.chunked_array([pa.array(values, kind)])


def origin(decimal_comma=False):
    shard = Shard(pathlib.Path("a.csv"), pa.table({}), (), lambda: np.arange(2, 99), decimal_comma)
    return Origin(shard, "it", "item.features.it", Faults())


def typed(make, values, feature, decimal_comma=False, kind=None):
    """The values that are made, and the kinds of faults."""
    of = origin(decimal_comma)
    made = make(column(values, kind), feature, of)
    return made.to_pylist(), [fault.kind for fault in of.faults]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2020-09-13", 1599955200),
        ("2020-09-13T12:26", 1599999960),
        ("2020-09-13 12:26:40", 1600000000),
        ("2020-09-13T12:26:40Z", 1600000000),
        ("2020-09-13T14:26:40+02:00", 1600000000),
        ("2020-09-13T14:26:40+0200", 1600000000),
        ("2020-09-13T12:26:40.999", 1600000000),
        ("2020-09-13T12:26:40,5", 1600000000),
        ("2020-09-13T12:26:40.123456789Z", 1600000000),
        (" 2020-09-13T12:26:40 ", 1600000000),
        ("1923-05-01", -1472860800),
        ("1969-12-31T23:59:59.5", -1),
        ("", None),
    ],
)
@pytest.mark.parametrize("beside", [[], ["2021-01-01"], ["2021-01-01T00:00:00+01:00", ""]])
def test_times_of_iso_8601(text, seconds, beside):
    of = origin()

    found = type_time(column([text, *beside]), "iso", ANY_MOMENT, False, of)

    assert found[0].as_py() == seconds
    assert not list(of.faults)


@pytest.mark.parametrize(
    "text",
    [
        "2020-13-01",
        "2020-02-30",
        "13.09.2020",
        "09/13/2020",
        "2020-9-1",
        "soon",
        "2020-09-13T25:00",
    ],
)
def test_what_is_no_iso_8601_is_refused_and_missing(text):
    of = origin()

    found = type_time(column([text, "2020-01-01"]), "iso", ANY_MOMENT, True, of)

    assert found.to_pylist() == [None, 1577836800]
    assert [(fault.kind, fault.count) for fault in of.faults] == [("not-a-time", 1)]


@pytest.mark.parametrize(
    ("unit", "values"),
    [
        ("s", ["1600000000", "1600000001"]),
        ("s", [" 1600000000", "+1600000001"]),
        ("s", ["1600000000.0", "1.600000001e9"]),
        ("ms", ["1600000000000", "1600000001999"]),
        ("us", ["1600000000000000", "1600000001999999"]),
        ("ms", [1600000000000, 1600000001999]),
        ("s", [1600000000.0, 1600000001.9]),
    ],
)
def test_times_of_every_unit(unit, values):
    of = origin()

    found = type_time(column(values), unit, events_until(1_700_000_000), True, of)

    assert found.to_pylist() == [1600000000, 1600000001]
    assert not list(of.faults)


@pytest.mark.parametrize(
    ("texts", "comma", "numbers"),
    [
        (
            ["1", "-2.5", "+3", ".5", "4.", "1e3", " 7 ", "", None],
            False,
            [1, -2.5, 3, 0.5, 4, 1000, 7, None, None],
        ),
        (["1,5", "2", "-0,25", "2.5"], True, [1.5, 2, -0.25, 2.5]),
    ],
)
def test_numbers_of_texts(texts, comma, numbers):
    assert typed(type_number, texts, Number(), comma) == (numbers, [])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1.234,5", "thousands"),
        ("1,5", "decimal-comma"),
        ("$5", "not-a-number"),
        ("0x10", "not-a-number"),
        ("1_000", "not-a-number"),
        ("N/A", "missing-word"),
        ("1 000", "not-a-number"),
        ("1\u00a0000", "no-break-space"),
        ("٣", "other-digits"),
        ("1e39", "out-of-range"),
        ("-Infinity", "out-of-range"),
    ],
)
def test_what_is_no_number_is_refused_and_missing(text, kind):
    assert typed(type_number, [text, "1"], Number()) == ([None, 1.0], [kind])


def test_a_required_number_must_be_there():
    assert typed(type_number, ["", "1"], Number(required=True))[1] == ["missing-value"]


def test_categories_are_trimmed_each_once_and_none_is_none():
    feature = Categories(separator=";", none=("none",))

    found, faults = typed(type_categories, [" a ;b;;a", "none", "", None, "b", "c; none"], feature)

    assert (found, faults) == ([["a", "b"], [], [], [], ["b"], ["c"]], [])


def test_categories_may_be_lists():
    lists = [["a", " b", "a", None], [], None, ["b"]]

    assert typed(type_categories, lists, Categories(), kind=pa.list_(pa.string()))[0] == [
        ["a", "b"],
        [],
        [],
        ["b"],
    ]


@pytest.mark.parametrize(
    ("make", "feature", "bad"),
    [
        (type_category, Category(values=("a", "b")), "x"),
        (type_categories, Categories(values=("a", "b")), "a|x"),
        (type_category, Category(required=True), " "),
        (type_categories, Categories(required=True), "|"),
    ],
)
def test_only_the_row_at_fault_is_refused(make, feature, bad):
    of = origin()

    make(column(["a", bad, "b"]), feature, of)

    (fault,) = of.faults
    assert (fault.count, fault.examples[0].line) == (1, 3)


@pytest.mark.parametrize(
    ("values", "vectors"),
    [
        (["1 2", "[0.5, -1e2]", "", None], [[1, 2], [0.5, -100], None, None]),
        (["1;2", "+.5,  3."], [[1, 2], [0.5, 3]]),
        ([[1, 2], None, [3, 4]], [[1, 2], None, [3, 4]]),
        ([[1.5, 2.5]], [[1.5, 2.5]]),
    ],
)
def test_vectors(values, vectors):
    assert typed(type_vector, values, Vector(size=2)) == (vectors, [])


def test_vectors_of_fixed_size():
    fixed = pa.list_(pa.float64(), 2)

    found = typed(type_vector, [[1, 2], None, [3, 4]], Vector(size=2), kind=fixed)
    other = typed(type_vector, [[1, 2], None], Vector(size=3), kind=fixed)

    assert found == ([[1, 2], None, [3, 4]], [])
    assert other == ([None, None], ["vector-length"])


def test_ids_are_kept_as_they_are_written():
    of = origin()
    written = ["007", "7", " x y ", "Ä", "1e5", "a,b", "٣"]

    ids = type_id(column(written), of)

    assert ids.to_pylist() == ["007", "7", "x y", "Ä", "1e5", "a,b", "٣"]
    assert not list(of.faults)
    assert len(of.faults.warnings) == 1
