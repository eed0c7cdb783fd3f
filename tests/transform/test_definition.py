import dataclasses

import pytest

from transform import datasets, definition_files, yaml_files
from transform.definition import from_json

SHOP = """name: shop
item:
  id: sku
  features:
    brand: {kind: category}
user:
  id: customer
  features:
    age: {kind: number}
    country: {kind: category}
event:
  user: customer
  item: sku
  time: {column: ts, unit: ms}
  features:
    type: {kind: category}
    rating: {kind: number, min: 1, max: 5}
slices:
  activity: []
  age: [18, 35]
"""


def build(text):
    document, lines = yaml_files.parse(text, "shop.yaml")
    return definition_files.build(document, lines, "shop.yaml")


def test_defaults():
    shop = build(SHOP)
    assert (shop.shown, shop.item.noun, shop.item.nouns) == ("shop", "item", "items")
    assert (shop.item.title, shop.event.repeats, shop.event.weight) == ("", "keep", "")
    assert list(shop.user_features) == ["age", "country"]
    assert shop.slices == {"activity": (), "age": (18.0, 35.0)}


def test_without_a_table_of_users_nothing_is_known_of_them():
    text = "name: x\nitem: {id: i}\nevent: {user: u, item: i, time: {column: t}}"
    assert build(text).user_features == {}


def test_words_for_people():
    text = SHOP.replace("  id: sku", "  id: sku\n  noun: dress\n  plural: dresses", 1)
    shop = build(text.replace("name: shop", "name: shop\ntitle: My Shop"))
    assert (shop.shown, shop.item.noun, shop.item.nouns) == ("My Shop", "dress", "dresses")


def test_json_gives_the_same_definition():
    for definition in (build(SHOP), datasets.load(datasets.MOVIELENS)):
        assert from_json(definition.to_json()) == definition
        assert from_json(definition.to_json()).to_json() == definition.to_json()


def test_json_of_another_definition_is_another():
    shop = build(SHOP)
    assert dataclasses.replace(shop, name="other").to_json() != shop.to_json()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: shop", "name: my shop", "line 1: name: must be letters, digits, - and _, got 'my"),
        ("    brand:", "    Brand:", "line 5: item.features.Brand: a feature's name is lower-case"),
        ("    brand:", "    b__x:", "line 5: item.features.b__x: a feature's name is lower-case"),
        ("    brand:", "    title:", "line 5: item.features.title: the name is taken; choose"),
        ("    brand:", "    user_id:", "line 5: item.features.user_id: the name is taken"),
        ("    brand:", "    label_x:", "line 5: item.features.label_x: the name is taken"),
        ("    brand:", "    activity:", "line 5: item.features.activity: the name is taken"),
        ("    country:", "    history_type:", "line 10: user.features.history_type: the name is"),
        ("    country:", "    exclude_item_ids:", "line 10: user.features.exclude_item_ids: the"),
        ("    brand:", "    age:", "line 9: user.features.age: item.features has a feature of"),
        (
            "    type: {kind: category}",
            "    type: {kind: words}",
            "line 16: event.features.type: an event has features of kind category, number or "
            "vector, not words.",
        ),
        (
            "    type: {kind: category}",
            "    type: {kind: categories}",
            "line 16: event.features.type: an event has",
        ),
        (
            "    type: {kind: category}",
            "    type: {kind: time}",
            "line 16: event.features.type: an event has",
        ),
        (
            "slices:",
            "  keep: {tpe: [buy]}\nslices:",
            "line 18: event.keep.tpe: must name a category of the event with a list of texts, or a "
            "number of it with a comparison, got ('buy',). Did you mean 'type'?",
        ),
        ("slices:", "  keep: {type: '>= 4'}\nslices:", "line 18: event.keep.type: must name"),
        ("slices:", "  seen: {rating: ['4']}\nslices:", "line 18: event.seen.rating: must name"),
        (
            "slices:",
            "  seen: {rating: '=> 4'}\nslices:",
            "line 18: event.seen.rating: expected a comparison such as \">= 4\", got '=> 4'.",
        ),
        (
            "  activity: []",
            "  activty: []",
            "line 19: slices.activty: must be activity, label_popularity, or a category or number "
            "of the user. Did you mean 'activity'?",
        ),
        ("  activity: []", "  brand: []", "line 19: slices.brand: must be activity"),
        ("  activity: []", "  activity: [5]", "line 19: slices.activity: only a number of the"),
        ("  activity: []", "  country: [1]", "line 19: slices.country: only a number of the user"),
        ("  age: [18, 35]", "  age: []", "line 20: slices.age: a number needs ascending bounds"),
        ("  age: [18, 35]", "  age: [35, 18]", "line 20: slices.age: a number needs ascending"),
        ("  age: [18, 35]", "  age: [18, 18]", "line 20: slices.age: a number needs ascending"),
    ],
)
def test_what_has_no_meaning(old, new, message):
    assert old in SHOP
    with pytest.raises(yaml_files.FileError) as error:
        build(SHOP.replace(old, new, 1))
    assert str(error.value).startswith(f"shop.yaml, {message}")
