import pytest
from tensorflow_metadata.proto.v0 import schema_pb2

from transform import datasets, definition_files, features, schemas

MOVIELENS = datasets.load(datasets.MOVIELENS)
SHOP = definition_files.build(
    {
        "name": "shop",
        "item": {
            "id": "sku",
            "features": {
                "brand": {"kind": "category", "values": ["A", "B"], "required": True},
                "tags": {"kind": "categories", "required": True},
                "text": {"kind": "words"},
                "price": {"kind": "number", "min": 0},
                "released": {"kind": "time"},
                "image": {"kind": "vector", "size": 3},
            },
        },
        "event": {
            "user": "user",
            "item": "sku",
            "time": {"column": "ts"},
            "weight": "w",
            "features": {
                "type": {"kind": "category", "values": ["view", "buy"]},
                "shown": {"kind": "category", "values": ["yes"], "required": True},
                "amount": {"kind": "number", "max": 9},
                "place": {"kind": "vector", "size": 2},
            },
        },
    },
    {},
    "shop.yaml",
)


def by_name(schema):
    return {feature.name: feature for feature in schema.feature}


@pytest.mark.parametrize("definition", [MOVIELENS, SHOP], ids=["movielens", "shop"])
def test_schema_holds_exactly_the_features_of_its_record(definition):
    timelines = by_name(schemas.of(schemas.TIMELINES, definition))
    assert set(timelines) == {
        features.USER_ID,
        *definition.user_features,
        *features.history(definition),
        *features.labels(definition),
    }
    assert len(timelines) == len(schemas.timelines(definition).feature)
    items = [feature.name for feature in schemas.of(schemas.ITEMS, definition).feature]
    assert items == list(features.item(definition))


def test_unknown_record_is_refused():
    with pytest.raises(KeyError, match="tags"):
        schemas.of("tags", MOVIELENS)


@pytest.mark.parametrize(
    ("name", "kind", "most", "fraction"),
    [
        ("brand", schema_pb2.BYTES, 1, 1.0),
        ("tags", schema_pb2.BYTES, 0, 1.0),
        ("text", schema_pb2.BYTES, 1, 0.0),
        ("price", schema_pb2.FLOAT, 1, 0.0),
        ("released", schema_pb2.INT, 1, 0.0),
        ("image", schema_pb2.FLOAT, 3, 0.0),
    ],
)
def test_types_counts_and_presence_of_items(name, kind, most, fraction):
    feature = by_name(schemas.items(SHOP))[name]
    assert feature.type == kind
    assert feature.value_count.max == most
    assert feature.presence.min_fraction == fraction


@pytest.mark.parametrize("name", ["item_id", "title"])
def test_every_item_has_an_id_and_a_title(name):
    feature = by_name(schemas.items(SHOP))[name]
    assert (feature.presence.min_fraction, feature.HasField("shape")) == (1.0, True)


def test_domains():
    items, timelines = by_name(schemas.items(SHOP)), by_name(schemas.timelines(SHOP))
    assert list(items["brand"].string_domain.value) == ["A", "B"]
    assert not items["text"].HasField("string_domain")
    assert items["price"].float_domain.min == 0
    assert items["price"].float_domain.disallow_nan
    assert items["released"].int_domain.max == schemas.LATEST
    # In lists "" and NaN are missing values, unless one is required.
    for rename in (str, features.label):
        assert list(timelines[rename("type")].string_domain.value) == ["view", "buy", ""]
        assert list(timelines[rename("shown")].string_domain.value) == ["yes"]
        assert timelines[rename("amount")].float_domain.max == 9
        assert not timelines[rename("amount")].float_domain.disallow_nan
        assert timelines[rename("weight")].float_domain.disallow_nan
        assert timelines[rename("place")].value_count.max == 0


def test_without_a_weight_there_is_none():
    assert "weight" not in by_name(schemas.timelines(MOVIELENS))
