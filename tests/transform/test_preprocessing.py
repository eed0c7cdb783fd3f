"""Both Transforms on a few rows, kind by kind, and the pure functions by tables."""

import datetime

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.tf_metadata import dataset_metadata

from transform import calendar, columns, datasets, definition_files, features, schemas
from transform import preprocessing as pre

MOVIELENS = datasets.load(datasets.MOVIELENS)
KINDS = {
    "brand": {"kind": "category", "min_count": 2},
    "zip": {"kind": "category", "prefix": 1},
    "tags": {"kind": "categories"},
    "text": {"kind": "words"},
    "price": {"kind": "number", "buckets": 3},
    "size": {"kind": "number", "steps": [10, 20]},
    "released": {"kind": "time", "buckets": 2},
    "image": {"kind": "vector", "size": 2},
}
SHOP = definition_files.build(
    {
        "name": "shop",
        "item": {"id": "sku", "features": KINDS},
        "event": {
            "user": "user",
            "item": "sku",
            "time": {"column": "ts"},
            "weight": "w",
            "features": {
                "type": {"kind": "category"},
                "rare": {"kind": "category", "min_count": 3},
                "amount": {"kind": "number", "steps": [10]},
                "place": {"kind": "vector", "size": 2},
            },
        },
    },
    {},
    "shop.yaml",
)


def transform(tmp_path, record, definition, rows, more=()):
    """Analyzes `rows`, and returns `rows` and `more` transformed, with the transform output."""
    metadata = dataset_metadata.DatasetMetadata(schemas.of(record, definition))
    config = {pre.DEFINITION: definition.to_json()}
    function = {schemas.TIMELINES: pre.timelines, schemas.ITEMS: pre.items}[record]

    def preprocessing_fn(inputs):
        return function(inputs, config)

    with tft_beam.Context(temp_dir=str(tmp_path / "temp")):
        (data, _), fn = (rows, metadata) | tft_beam.AnalyzeAndTransformDataset(preprocessing_fn)
        later, _ = ((list(more) or rows, metadata), fn) | tft_beam.TransformDataset()
        fn | tft_beam.WriteTransformFn(str(tmp_path / "out"))
    return data, later, tft.TFTransformOutput(str(tmp_path / "out"))


def timeline(user, items, labels=(), **known):
    """A raw timeline of MovieLens."""
    return {
        features.USER_ID: user,
        **{name: [known[name]] if name in known else [] for name in MOVIELENS.user_features},
        features.ITEM_ID: list(items),
        features.TIME: list(range(10, 10 + len(items))),
        "rating": [4.0] * len(items),
        "label_item_id": list(labels),
        "label_time": [99] * len(labels),
        "label_rating": [5.0] * len(labels),
    }


@pytest.fixture(scope="module")
def timelines(tmp_path_factory):
    rows = [
        timeline(b"1", [b"a", b"b"], age=24.0, gender=b"M", zip=b"85711"),
        timeline(b"2", [b"a", b"c"], age=53.0, gender=b"F", zip=b"94043"),
        timeline(b"3", [b"a", b"b"], gender=b"M", zip=b"T8H1N"),
        timeline(b"4", [b"a"]),
        timeline(b"5", [b"b"]),
        timeline(b"6", []),
    ]
    later = [timeline(b"nobody", [b"a", b"new"], labels=[b"c", b"new"], zip=b"9")]
    folder = tmp_path_factory.mktemp("timelines")
    return transform(folder, schemas.TIMELINES, MOVIELENS, rows, later)


def test_items_are_rows_by_how_often_they_are_in_histories(timelines):
    data, _, output = timelines
    assert output.vocabulary_by_name(features.ITEM_ID) == [b"a", b"b", b"c"]
    assert data[1][features.ITEM_ID].tolist() == [0, 2]
    assert data[1][features.ITEM_ID].dtype == np.int64


def test_what_training_never_saw_is_the_row_after_the_last(timelines):
    _, (later,), output = timelines
    assert later[features.USER_ID] == output.vocabulary_size_by_name(features.USER_ID) == 6
    assert later[features.ITEM_ID].tolist() == [0, 3]
    assert later["label_item_id"].tolist() == [2, 3]
    assert later["gender"] == output.vocabulary_size_by_name("gender") == 2


def test_features_of_users_may_be_missing(timelines):
    data, _, _ = timelines
    assert [row["age"] for row in data] == [5, 11, 0, 0, 0, 0]
    assert [row["gender"] for row in data[:4]] == [0, 1, 0, 2]


def test_times_pass_through_and_stars_are_steps(timelines):
    data, (later,), _ = timelines
    assert data[0][features.TIME].tolist() == [10, 11]
    assert data[0]["rating"].tolist() == [8, 8]
    assert later["label_rating"].tolist() == [10, 10]
    assert later["label_time"].tolist() == [99, 99]


def test_items_of_movielens_keep_id_and_title_and_get_rows_for_the_rest(tmp_path):
    def movie(item_id, title, genres, *year):
        return {
            features.ITEM_ID: item_id,
            features.TITLE: title + b" (a year)",
            "title_words": [title],
            "genres": genres,
            "year": list(year),
        }

    rows = [
        movie(b"1", b"Star Wars", [b"Action", b"Sci-Fi"], 1977.0),
        movie(b"2", b"Star Trek", [b"Sci-Fi"], 1979.0),
        movie(b"3", "Misérables, Les".encode(), [b"Drama"], 1995.0),
        movie(b"4", "Les Misérables".encode(), [b"Drama"], 1998.0),
        movie(b"5", b"unknown", []),
        movie(b"6", b"Star!", [b"Drama"], 1968.0),
    ]
    data, _, output = transform(tmp_path, schemas.ITEMS, MOVIELENS, rows)
    words = output.vocabulary_by_name("title_words")
    assert set(words) == {b"star", b"les", "misérables".encode()}  # each in two titles or more
    assert words[0] == b"star"
    assert data[0]["title_words"].tolist() == [0, len(words)]  # "wars" is in one only
    assert data[4]["genres"].tolist() == []
    assert [row["year"] for row in data] == [16, 16, 20, 20, 0, 14]
    assert (data[2][features.ITEM_ID], data[0][features.TITLE]) == (b"3", b"Star Wars (a year)")


JANUARY = int(datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc).timestamp())  # a Monday
JULY = int(datetime.datetime(2024, 7, 7, tzinfo=datetime.timezone.utc).timestamp())  # a Sunday


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    def item(item_id, **known):
        return {
            features.ITEM_ID: item_id,
            features.TITLE: item_id,
            **{name: known.get(name, []) for name in KINDS},
        }

    rows = [
        item(
            b"007",
            brand=[b"A"],
            zip=[b"12"],
            tags=[b"x", b"y"],
            text=[b"Red, RED shoe"],
            price=[1.0],
            size=[10.0],
            released=[JANUARY],
            image=[1.0, 2.0],
        ),
        item(
            b"7",
            brand=[b"A"],
            zip=[b"19"],
            tags=[b"x"],
            text=[b"blue shoe"],
            price=[2.0],
            size=[9.9],
            released=[JULY],
            image=[3.0, 4.0],
        ),
        item(b"8", brand=[b"B"], zip=[b"2"], price=[3.0], size=[20.0]),
        item(b"9"),
    ]
    unseen = item(b"10", brand=[b"C"], zip=[b"3"], tags=[b"z", b"x"], text=[b"hat"], price=[99.0])
    folder = tmp_path_factory.mktemp("shop")
    return transform(folder, schemas.ITEMS, SHOP, rows, [unseen])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("item_id", [b"007", b"7", b"8", b"9"]),
        ("brand", [0, 0, 1, 1]),  # B is too rare: the row of the unseen, as of the missing
        ("zip", [0, 0, 1, 2]),
        ("price", [1, 2, 3, 0]),
        ("size", [2, 1, 3, 0]),
        ("released", [1, 2, 0, 0]),
        ("released__month", [1, 7, 0, 0]),
        ("released__weekday", [1, 7, 0, 0]),
        ("released__seconds", [JANUARY, JULY, calendar.MISSING, calendar.MISSING]),
    ],
)
def test_a_kind_of_one_row(shop, name, expected):
    data, _, _ = shop
    assert [row[name] for row in data] == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tags", [[0, 1], [0], [], []]),
        ("image", [[1.0, 2.0], [3.0, 4.0], [0.0, 0.0], [0.0, 0.0]]),
    ],
)
def test_a_kind_of_several_values(shop, name, expected):
    data, _, _ = shop
    assert [row[name].tolist() for row in data] == expected


def test_words_of_one_item_only_count_as_unseen(shop):
    data, _, output = shop
    vocabulary = output.vocabulary_by_name("text")
    assert set(vocabulary) == {b"shoe", b"red"}
    shoe, red, unseen = vocabulary.index(b"shoe"), vocabulary.index(b"red"), 2
    assert [row["text"].tolist() for row in data] == [[red, red, shoe], [unseen, shoe], [], []]


def test_of_an_item_that_training_never_saw(shop):
    _, (unseen,), output = shop
    assert unseen["brand"] == output.vocabulary_size_by_name("brand") == 1
    assert unseen["zip"] == output.vocabulary_size_by_name("zip") == 2
    assert unseen["tags"].tolist() == [2, 0]
    assert unseen["text"].tolist() == [2]
    assert unseen["price"] == 3


def test_there_is_what_columns_list(shop):
    data, _, _ = shop
    listed = {column.name for column in columns.all_columns(SHOP.item.features)}
    assert set(data[0]) == {"item_id", "title", "released__seconds", *listed}


def test_events_by_kind(tmp_path):
    def row(user, **lists):
        raw = {features.USER_ID: user}
        for name in features.history(SHOP):
            raw[name] = lists.get(name, [])
            raw[features.label(name)] = lists.get(features.label(name), [])
        return raw

    rows = [
        row(
            b"1",
            item_id=[b"a", b"a", b"b"],
            time=[1, 2, 3],
            weight=[0.5, 1.0, 2.0],
            type=[b"view", b"", b"view"],
            rare=[b"r", b"r", b"s"],
            amount=[9.0, float("nan"), 10.0],
            place=[1.0, 2.0, 0.0, 0.0, 3.0, 4.0],
            label_item_id=[b"b"],
            label_time=[4],
            label_weight=[3.0],
            label_type=[b"never"],
            label_rare=[b"r"],
            label_amount=[11.0],
            label_place=[5.0, 6.0],
        ),
        row(
            b"2",
            item_id=[b"a"],
            time=[1],
            weight=[1.0],
            type=[b"buy"],
            rare=[b"r"],
            amount=[1.0],
            place=[0.0, 0.0],
        ),
    ]
    (first, _), _, output = transform(tmp_path, schemas.TIMELINES, SHOP, rows)

    assert output.vocabulary_by_name("type") == [b"view", b"buy"]  # "" is no text of it
    assert output.vocabulary_by_name("rare") == [b"r"]
    expected = {
        "item_id": [0, 0, 1],
        "time": [1, 2, 3],
        "weight": [0.5, 1.0, 2.0],
        "type": [0, 2, 0],
        "rare": [0, 0, 1],
        "amount": [1, 0, 2],
        "place": [1.0, 2.0, 0.0, 0.0, 3.0, 4.0],
        "label_item_id": [1],
        "label_time": [4],
        "label_weight": [3.0],
        "label_type": [2],
        "label_rare": [0],
        "label_amount": [2],
        "label_place": [5.0, 6.0],
    }
    assert {name: first[name].tolist() for name in expected} == expected


@pytest.mark.parametrize(
    ("value", "bucket"),
    [(np.nan, 0), (0, 1), (4.9, 1), (5, 2), (50, 11), (56, 12), (120, 21), (-3, 1)],
    ids=["unknown", "newborn", "four", "five", "fifty", "fifty-six", "beyond", "below"],
)
def test_bucket_of_an_age(value, bucket):
    steps = tf.constant(MOVIELENS.user_features["age"].steps, tf.float32)
    assert pre.bucket(tf.constant([value], tf.float32), steps).numpy() == [bucket]


@pytest.mark.parametrize(
    ("year", "bucket"),
    [(np.nan, 0), (1888, 1), (1904, 1), (1905, 2), (1995, 20), (2150, 31)],
    ids=["unknown", "first-film", "last-of-first", "second", "nineties", "beyond"],
)
def test_bucket_of_a_year(year, bucket):
    steps = tf.constant(MOVIELENS.item.features["year"].steps, tf.float32)
    assert pre.bucket(tf.constant([year], tf.float32), steps).numpy() == [bucket]


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Toy Story", ["toy", "story"]),
        ("Misérables, Les ", ["misérables", "les"]),
        ("2001: A Space Odyssey", ["2001", "a", "space", "odyssey"]),
        ("ÉTÉ", ["été"]),
        ("...", []),
        ("", []),
    ],
    ids=["plain", "accents", "digits", "capitals-with-accents", "no-word", "nothing"],
)
def test_words(title, words):
    found = pre.words(tf.constant([title]))
    assert [word.decode() for word in found.values.numpy()] == words


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [("94043", 1, "9"), ("é1", 1, "é"), ("", 1, ""), ("94043", 0, "94043"), ("9", 3, "9")],
    ids=["one", "a-character-is-no-byte", "nothing", "all", "shorter"],
)
def test_prefix(text, length, expected):
    assert pre.prefix(tf.constant([text]), length).numpy()[0].decode() == expected
