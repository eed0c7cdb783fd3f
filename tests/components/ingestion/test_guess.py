import pytest

from components.ingestion import tables
from components.ingestion.guess import guess
from components.ingestion.readers.values import guess_kind, guess_time_unit
from support import generated_shop as generated
from transform import datasets, definition_files, yaml_files
from transform.kinds import Categories, Category, Number, Time, Vector, Words


def load(text):
    return definition_files.build(*yaml_files.parse(text, "guessed.yaml"), "guessed.yaml")


def rename(rows, **names):
    return [{names.get(key, key): value for key, value in row.items()} for row in rows]


@pytest.mark.parametrize("extension", generated.FORMATS)
def test_a_guessed_definition_reads_the_data_that_it_was_guessed_from(tmp_path, extension):
    items, users, events = generated.rows(items=40, users=30)
    items = rename(items, sku="Artikel-Nr", product="name", released="Erschienen am")
    events = rename(events, customer="who", sku="what", ts="when", stars="Sterne (1-5)")
    users = rename(users, customer="Kunde", country="Land")
    folder = tmp_path / "My shop!"
    for name, rows in (("items", items), ("users", users), ("events", events)):
        generated.write(folder, name, rows, extension)

    definition = load(guess(folder))

    assert definition.name == "My-shop"
    assert (definition.item.id, definition.item.title) == ("Artikel-Nr", "name")
    assert (definition.user.id, definition.event.user) == ("Kunde", "who")
    assert (definition.event.item, definition.event.time.column) == ("what", "when")
    assert definition.event.time.unit == "ms"
    kinds = {name: type(feature) for name, feature in definition.item.features.items()}
    assert kinds == {
        "title_words": Words,
        "brand": Category,
        "price": Number,
        "tags": Categories,
        "erschienen_am": Time,
        "image": Vector,
    }
    assert {name: type(of) for name, of in definition.event.features.items()} == {
        "type": Category,
        "sterne_1_5": Number,
    }
    report = tables.check(folder, definition, generated.NOW)
    assert report.ok, report.text()
    assert report.counts["events"] == 90


def test_every_line_that_is_guessed_says_why(tmp_path):
    text = guess(generated.write_shop(tmp_path / "shop"))

    chosen = [line for line in text.splitlines() if ": " in line and not line.startswith("#")]
    assert all("#" in line for line in chosen), text
    assert "100% of the events' sku are sku in the first rows" in text


def test_a_shop_without_users_is_guessed_too(tmp_path):
    folder = generated.write_shop(tmp_path)
    (folder / "users.csv").unlink()

    definition = load(guess(folder))

    assert (definition.user, definition.event.user) == (None, "customer")
    assert tables.check(folder, definition, generated.NOW).ok


def test_names_that_are_taken_are_changed(tmp_path):
    items, users, events = generated.rows()
    items = rename(items, brand="title", price="Time")
    users = rename(users, country="tags")
    for name, rows in (("items", items), ("users", users), ("events", events)):
        generated.write(tmp_path, name, rows, "csv")

    definition = load(guess(tmp_path))

    assert {"its_title", "its_time", "tags"} <= set(definition.item.features)
    assert not set(definition.item.features) & set(definition.user_features)


def test_a_release_gives_the_shipped_definition(tmp_path, write_checkerboard):
    write_checkerboard(tmp_path)

    assert load(guess(tmp_path)) == datasets.load("movielens")


@pytest.mark.parametrize(
    ("values", "settings"),
    [
        (["red", "blue", None, "red"] * 5, {"kind": "category"}),
        (["a|b", "b", "a", "b|a"] * 5, {"kind": "categories", "separator": "|"}),
        (["a; b", "b", "a", "c; b; a"] * 5, {"kind": "categories", "separator": ";"}),
        ([f"a long text no. {n}" for n in range(20)], {"kind": "words"}),
        (["1", "2.5", "-3e4", "7"], {"kind": "number"}),
        (["1,5", "2", "3,25"], {"kind": "number"}),
        ([1, 2, None, 4.5], {"kind": "number"}),
        (["01234", "98765", "04000"] * 5, {"kind": "category", "min_count": 5}),
        (["2024-01-01", "2024-02-01T10:00:00Z"], {"kind": "time", "unit": "iso"}),
        ([1_600_000_000_000, 1_650_000_000_000], {"kind": "time", "unit": "ms"}),
        (["[1, 0.5]", "[2, 3]"], {"kind": "vector", "size": 2}),
        (["1 0.5 3", "2 3 4"], {"kind": "vector", "size": 3}),
        ([[1.0, 2.0], [3.0, 4.0]], {"kind": "vector", "size": 2}),
        ([["a"], ["a", "b"]], {"kind": "categories"}),
        ([[1.0], [3.0, 4.0]], {}),
        ([f"https://shop/{n}" for n in range(200)], {}),
        (["x"] * 9, {}),
        ([None, None], {}),
    ],
)
def test_kinds_are_told_from_values(values, settings):
    assert guess_kind("it", values).settings == settings


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        ([1_600_000_000], "s"),
        (["1600000000.0"], "s"),
        ([1_600_000_000_000], "ms"),
        ([1_600_000_000_000_000], "us"),
        (["2020-01-01 10:00", "2020-01-01"], "iso"),
        ([5, 1_600_000_000], ""),
        (["soon"], ""),
        ([], ""),
    ],
)
def test_units_of_time_are_told_from_values(values, unit):
    assert guess_time_unit(values) == unit
