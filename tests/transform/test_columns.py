import pytest

from transform import datasets
from transform.columns import Column, all_columns, columns, month, seconds, vocabularies, weekday
from transform.kinds import Categories, Category, Number, Time, Vector, Words


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        (Category(), [Column("x", "row", vocabulary="x")]),
        (Categories(), [Column("x", "rows", vocabulary="x")]),
        (Words(), [Column("x", "rows", vocabulary="x")]),
        (Number(buckets=10), [Column("x", "row", fixed_rows=11)]),
        (Number(steps=(1, 2)), [Column("x", "row", fixed_rows=4)]),
        (Vector(size=3), [Column("x", "vector", size=3)]),
        (
            Time(buckets=5),
            [
                Column("x", "row", fixed_rows=6),
                Column("x__month", "row", fixed_rows=13),
                Column("x__weekday", "row", fixed_rows=8),
            ],
        ),
    ],
    ids=["category", "categories", "words", "quantiles", "steps", "vector", "time"],
)
def test_columns_of_a_kind(feature, expected):
    assert list(columns("x", feature)) == expected


def test_columns_and_vocabularies_of_movielens():
    movielens = datasets.load(datasets.MOVIELENS)
    assert [column.name for column in all_columns(movielens.item.features)] == [
        "year",
        "genres",
        "title_words",
    ]
    assert vocabularies(movielens.item.features) == ("genres", "title_words")
    assert vocabularies(movielens.user_features) == ("gender", "occupation", "zip")


def test_parts_of_a_time_have_names_that_no_feature_can_have():
    assert all("__" in part("released") for part in (month, weekday, seconds))
