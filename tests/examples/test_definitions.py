"""The definitions of the examples fit the files that their generators make."""

import pathlib
import runpy
import uuid

import pyarrow as pa
import pytest

from components.ingestion import tables
from support import ROOT
from transform import definition_files

EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def shop():
    return runpy.run_path(str(EXAMPLES / "shop" / "make_shop.py"))


@pytest.fixture(scope="module")
def lists():
    return runpy.run_path(str(EXAMPLES / "reading_lists" / "make_reading_lists.py"))


@pytest.fixture(scope="module")
def made(shop):
    return shop["make"](customers=30, products=40, events=400)


def definition_of(example):
    return definition_files.load(EXAMPLES / example / "definition.yaml")


@pytest.mark.parametrize(("name", "noun"), [("shop", "product"), ("reading_lists", "book")])
def test_definitions_load(name, noun):
    definition = definition_of(name)
    assert (definition.name, definition.item.noun) == (name, noun)


def test_every_format_of_the_shop_is_read_and_says_the_same(shop, made, tmp_path):
    read = {}
    for form in shop["FORMATS"]:
        shop["write"](made, tmp_path / form, form)
        read[form] = tables.read(tmp_path / form, definition_of("shop"))
    csv, *others = read.values()
    assert (csv.items.num_rows, csv.users.num_rows, csv.events.num_rows) == (40, 30, 400)
    for other in others:
        for table in ("items", "users", "events"):
            assert as_rows(getattr(other, table)) == as_rows(getattr(csv, table))


def test_the_shop_is_what_it_says(made):
    items, users, events = made.values()
    assert all(sku[:5].isdigit() and sku[5:6] == "-" for sku in items["sku"])
    assert items["sku"][0].startswith("00000-")
    assert all(str(uuid.UUID(customer)) == customer for customer in users["customer"])
    assert {len(image) for image in items["image"]} == {16}
    assert None in items["price"]
    assert set(events["type"]) == {"view", "cart", "purchase"}
    assert events["ts"] == sorted(events["ts"])
    pairs = list(zip(events["customer"], events["sku"], strict=True))
    assert len(set(pairs)) < len(pairs)  # somebody comes back to a product
    bought = zip(events["type"], events["quantity"], strict=True)
    assert all((kind == "purchase") == (quantity is not None) for kind, quantity in bought)


def test_a_seed_makes_the_same_data(shop, lists, made):
    assert shop["make"](customers=30, products=40, events=400) == made
    assert shop["make"](1, customers=30, products=40, events=400) != made
    assert lists["make"](readers=5, books=40) == lists["make"](readers=5, books=40)


def test_reading_lists_are_read(lists, tmp_path):
    lists["write"](lists["make"](readers=20, books=60), tmp_path)
    read = tables.read(tmp_path, definition_of("reading_lists"))
    assert read.items.num_rows == 60 and read.users is None
    assert any(isbn.startswith("0") for isbn in read.items["item_id"].to_pylist())


def test_no_data_is_committed():
    files = {path.suffix for path in EXAMPLES.rglob("*") if path.is_file()}
    assert files - {".pyc"} <= {".py", ".yaml", ".md", ".ipynb"}


def as_rows(table: pa.Table):
    plain = [
        column.combine_chunks().dictionary_decode()
        if pa.types.is_dictionary(column.type)
        else column
        for column in table.columns
    ]
    rows = pa.table(plain, table.column_names).to_pylist()
    return sorted(map(repr, rows))


def test_generators_need_only_numpy_and_pyarrow():
    heavy = ("tensorflow", "pandas", "transform", "components", "pipeline")
    for path in EXAMPLES.rglob("make_*.py"):
        text = pathlib.Path(path).read_text()
        assert not any(f"import {name}" in text or f"from {name}" in text for name in heavy)
