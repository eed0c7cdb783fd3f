import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from components.ingestion.values import codes_and_texts, event_column, record_column
from transform.kinds import Categories, Category, Number, Time, Vector, Words


def chunked(values, kind):
    """A column in two pieces, the second of which is a slice."""
    array = pa.array(values, kind)
    return pa.chunked_array([array[:1], array[1:]])


def values_of(example):
    return {
        name: list(getattr(feature, feature.WhichOneof("kind")).value)
        for name, feature in example.features.feature.items()
    }


@pytest.mark.parametrize(
    ("kind", "arrow", "values", "expected"),
    [
        (Category(), pa.string(), ["é", None, "b"], [["é".encode()], None, [b"b"]]),
        (Words(), pa.string(), ["Two Words", None, "b"], [[b"Two Words"], None, [b"b"]]),
        (
            Categories(),
            pa.list_(pa.string()),
            [["x", "y"], None, [], ["z"]],
            [[b"x", b"y"], None, None, [b"z"]],
        ),
        (Number(), pa.float32(), [None, 0.0, 2.5], [None, [0.0], [2.5]]),
        (Time(), pa.int64(), [2**53 + 1, None, -1], [[2**53 + 1], None, [-1]]),
        (
            Vector(size=2),
            pa.list_(pa.float32(), 2),
            [[1, 2], None, [0, 0], [3, 4]],
            [[1.0, 2.0], None, [0.0, 0.0], [3.0, 4.0]],
        ),
        (Category(), pa.string(), [None, None], [None, None]),
        (Category(), pa.string(), [], []),
        (Vector(size=2), pa.list_(pa.float32(), 2), [None], [None]),
    ],
    ids=[
        "category",
        "words",
        "categories",
        "number",
        "time",
        "vector",
        "all-missing",
        "no-records",
        "one-missing-vector",
    ],
)
def test_records(kind, arrow, values, expected):
    column = record_column("x", kind, chunked(values, arrow))
    found = []
    for record in range(len(values)):
        example = tf.train.Example()
        column.add(record, example.features.feature)
        found.append(values_of(example).get("x"))
    assert found == expected
    assert [type(value) for entry in found if entry for value in entry] == [
        type(value) for entry in expected if entry for value in entry
    ]


def dictionary(*pieces):
    """A dictionary column whose pieces have dictionaries of their own."""
    return pa.chunked_array([pa.array(piece, pa.string()).dictionary_encode() for piece in pieces])


@pytest.mark.parametrize(
    ("kind", "column", "expected"),
    [
        (Category(), dictionary(["b", "a"], [None, "b"]), [b"b", b"", b"a", b"b"]),
        (Number(), chunked([1.0, 2.0, None, 4.0], pa.float32()), [4.0, float("nan"), 2.0, 1.0]),
        (None, chunked([10, 20, 30, 40], pa.int64()), [40, 30, 20, 10]),
        (
            Vector(size=2),
            chunked([[1, 2], None, [3, 4], [5, 6]], pa.list_(pa.float32(), 2)),
            [5.0, 6.0, 3.0, 4.0, 0.0, 0.0, 1.0, 2.0],
        ),
    ],
    ids=["category", "number", "time", "vector"],
)
def test_events_in_the_order_of_rows(kind, column, expected):
    example = tf.train.Example()
    event_column(kind, column).add(np.array([3, 2, 1, 0]), "x", example.features.feature)
    np.testing.assert_equal(values_of(example)["x"], expected)


def test_codes_of_pieces_with_dictionaries_of_their_own():
    codes, texts = codes_and_texts(dictionary(["7", "007"], ["007", None]))
    assert texts[codes].tolist() == [b"7", b"007", b"007", b""]
    assert texts[-1] == b""
