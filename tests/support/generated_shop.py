"""Writes a small shop with UUIDs, in every format: its definition, items, users and events."""

import csv
import gzip
import json
import pathlib
import random
import uuid
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from transform import definition_files, yaml_files
from transform.definition import Definition

FORMATS = ("csv", "csv.gz", "parquet", "jsonl", "jsonl.gz")
DEFINITION = """
name: shop
item:
  id: sku
  title: product
  noun: product
  features:
    brand: {kind: category}
    price: {kind: number, min: 0}
    tags: {kind: categories, separator: ";"}
    title_words: {kind: words, column: product}
    released: {kind: time, unit: iso}
    image: {kind: vector, size: 3}
user:
  id: customer
  features:
    country: {kind: category, values: [DE, FR, US]}
event:
  user: customer
  item: sku
  time: {column: ts, unit: ms}
  features:
    type: {kind: category}
    stars: {kind: number, min: 1, max: 5}
"""
NOW = 1_700_000_000
FIRST_SECOND = 1_600_000_000

Rows = list[dict[str, Any]]


def shop(**changes: str) -> Definition:
    """Returns the definition, some texts of it replaced by others."""
    text = DEFINITION
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return definition_files.build(*yaml_files.parse(text, "shop.yaml"), "shop.yaml")


def rows(items: int = 6, users: int = 4, seed: int = 0) -> tuple[Rows, Rows, Rows]:
    """Returns items, users, and three events of each user, two with the same item."""
    rng = random.Random(seed)
    names = [str(uuid.UUID(int=rng.getrandbits(128))) for _ in range(items + users)]
    products = [
        {
            "sku": sku,
            "product": f"Shoe no. {number}, red",
            "brand": f"brand {number % 2}",
            "price": number + 0.5,
            "tags": ["red", "shoe"][: number % 3],
            "released": f"2020-{1 + number // 28:02}-{1 + number % 28:02}",
            "image": [number, 0.5, -1.25],
        }
        for number, sku in enumerate(names[:items])
    ]
    people = [{"customer": name, "country": "DE"} for name in names[items:]]
    events = [
        {
            "customer": person["customer"],
            "sku": names[(number + step // 2) % items],
            "ts": (FIRST_SECOND + 1000 * number + step) * 1000 + 250,
            "type": ["view", "purchase"][step % 2],
            "stars": [4, None, 5][step],
        }
        for number, person in enumerate(people)
        for step in range(3)
    ]
    return products, people, events


def write(folder: pathlib.Path, name: str, content: Rows, extension: str) -> pathlib.Path:
    """Writes a table as `NAME.EXTENSION`, lists in CSV as JSON or divided by ';'."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.{extension}"
    if extension == "parquet":
        pyarrow.parquet.write_table(pa.Table.from_pylist(content), path)
        return path
    with (gzip.open if extension.endswith(".gz") else open)(path, "wt", newline="") as file:
        if extension.startswith("jsonl"):
            file.writelines(json.dumps(row) + "\n" for row in content)
        else:
            writer = csv.DictWriter(file, list(content[0]))
            writer.writeheader()
            writer.writerows({key: _field(value) for key, value in row.items()} for row in content)
    return path


def write_shop(folder: pathlib.Path, extension: str = "csv") -> pathlib.Path:
    """Writes the whole shop in one format; returns the folder."""
    for name, content in zip(("items", "users", "events"), rows(), strict=True):
        write(folder, name, content, extension)
    return folder


def _field(value: Any) -> Any:
    if isinstance(value, list):
        texts = all(isinstance(part, str) for part in value)
        return ";".join(value) if texts else " ".join(map(str, value))
    return value
