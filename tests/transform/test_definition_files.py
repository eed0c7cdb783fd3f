import pytest

from transform import datasets, definition_files, yaml_files

SHOP = """name: shop
item:
  id: sku
  features:
    brand: {kind: category}
event:
  user: customer
  item: sku
  time: {column: ts, unit: ms}
user:
  id: customer
"""
BRAND = "{kind: category}"


def test_a_file_is_read(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text(SHOP)
    assert definition_files.load(path).event.time.unit == "ms"


def test_a_dictionary_will_do():
    document, _ = yaml_files.parse(SHOP, "")
    assert definition_files.build(document, {}, "shop").name == "shop"


def test_without_lines_the_place_is_told():
    with pytest.raises(yaml_files.FileError, match=r"^shop: item\.id: item\.id is missing; add it"):
        definition_files.build({"name": "x", "item": {}, "event": {}}, {}, "shop")


@pytest.mark.parametrize(
    ("old", "new", "messages"),
    [
        ("name: shop\n", "", ["line 1: name: name is missing; add it."]),
        (
            "name: shop",
            "nome: shop",
            [
                "line 1: name: name is missing; add it.",
                "line 1: nome: there is no such key. Did you mean 'name'?",
            ],
        ),
        ("name: shop", "name: 7", ["line 1: name: Input should be a valid string, got 7."]),
        ("  id: sku\n", "", ["line 2: item.id: item.id is missing; add it."]),
        ("  id: sku", "  id: ''", ["line 3: item.id: String should have at least 1 character"]),
        (
            "  id: customer",
            "  ids: customer",
            [
                "line 10: user.id: user.id is missing; add it.",
                "line 11: user.ids: there is no such key. Did you mean 'id'?",
            ],
        ),
        (
            BRAND,
            "{kind: categry}",
            [
                "line 5: item.features.brand: kind must be one of category, categories, words, "
                "number, time, vector, got 'categry'. Did you mean 'category'?"
            ],
        ),
        (BRAND, "{min_count: 3}", ["line 5: item.features.brand: kind must be one of category"]),
        (BRAND, "category", ["line 5: item.features.brand: Input should be a valid dictionary"]),
        (
            BRAND,
            "{kind: category, min_cont: 3}",
            [
                "line 5: item.features.brand.min_cont: there is no such key. "
                "Did you mean 'min_count'?"
            ],
        ),
        (
            BRAND,
            "{kind: time, unit: m}",
            ["line 5: item.features.brand.unit: Input should be 's', 'ms', 'us' or 'iso', got 'm'"],
        ),
        (
            BRAND,
            "{kind: number, steps: [2, 1]}",
            ["line 5: item.features.brand: steps must ascend, got [2.0, 1.0]."],
        ),
        (
            "{column: ts, unit: ms}",
            "{colum: ts}",
            [
                "line 9: event.time.column: event.time.column is missing; add it.",
                "line 9: event.time.colum: there is no such key. Did you mean 'column'?",
            ],
        ),
        ("{column: ts, unit: ms}", "ts", ["line 9: event.time: Input should be a dictionary"]),
        ("  item: sku", "  repeats: drop\n  item: sku", ["line 8: event.repeats: Input should be"]),
    ],
)
def test_file_line_place_problem_and_remedy(tmp_path, old, new, messages):
    assert old in SHOP
    path = tmp_path / "shop.yaml"
    path.write_text(SHOP.replace(old, new, 1))

    with pytest.raises(yaml_files.FileError) as error:
        definition_files.load(path)

    lines = str(error.value).split("\n")
    assert len(lines) == len(messages)
    for line, message in zip(lines, messages, strict=True):
        assert line.startswith(f"{path}, {message}")


def test_movielens_is_sound():
    movielens = datasets.load(datasets.MOVIELENS)
    assert (movielens.item.noun, movielens.event.repeats) == ("movie", "refuse")
    assert list(movielens.item.features) == ["year", "genres", "title_words"]
