"""Makes the files of a shop: customers with tastes, products with features, and what was done.

A customer likes two kinds of product, one price band and one look. Half of the views are browsing,
nearly all purchases follow taste. Images tell kind and look, so that a model which learns from
features beats popularity by far. The same seed makes the same files.

    python examples/shop/make_shop.py --out data/shop --format csv
"""

import argparse
import csv
import pathlib
import uuid
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

CUSTOMERS, PRODUCTS, EVENTS = 1_500, 400, 40_000
FORMATS = ("csv", "parquet", "shards")
SHARDS = 4
IMAGE = 16
FIRST_MS, YEAR_MS = 1_672_531_200_000, 365 * 86_400_000  # the year 2023
KINDS = ("shoe", "jacket", "lamp", "chair", "kettle", "tent", "guitar", "watch", "bicycle", "rug")
LOOKS = ("plain", "vintage", "sporty", "elegant")
BANDS = 3
COUNTRIES = ("DE", "FR", "JP", "US")
COLOURS = ("black", "blue", "green", "red", "white")
SEGMENTS, DEVICES = ("new", "regular", "business"), ("app", "desktop", "phone")
TYPES, SHARES, BY_TASTE = ("view", "cart", "purchase"), (0.7, 0.15, 0.15), (0.5, 0.85, 0.95)

Table = dict[str, list[Any]]
Integers = npt.NDArray[np.int64]


def make(
    seed: int = 0, customers: int = CUSTOMERS, products: int = PRODUCTS, events: int = EVENTS
) -> dict[str, Table]:
    """Returns the tables `items`, `users` and `events`, each as values by column.

    Args:
        seed: Of all that is random.
        customers: How many there are.
        products: How many there are.
        events: How many there are, each of a customer at random.
    """
    rng = np.random.default_rng(seed)
    traits = np.stack(
        [rng.integers(size, size=products) for size in (len(KINDS), len(LOOKS), BANDS)]
    )
    released = FIRST_MS + (rng.uniform(-2, 0.8, products) * YEAR_MS).astype(np.int64)
    released[: products // 2] -= YEAR_MS  # so that there is something to buy on the first day
    country = rng.integers(len(COUNTRIES), size=customers)
    taste = _taste(rng, traits, customers, country)
    ids = [str(uuid.UUID(bytes=rng.bytes(16), version=4)) for _ in range(customers)]
    items = _items(rng, traits, released)
    return {
        "items": items,
        "users": _users(rng, ids, country),
        "events": _events(rng, taste, released, ids, items["sku"], events),
    }


def _taste(
    rng: np.random.Generator, traits: Integers, customers: int, country: Integers
) -> npt.NDArray[np.float64]:
    """Returns how much each customer likes each product, `[customers, products]`."""
    kind, look, band = traits
    own = country * 2 + rng.integers(4, size=customers)  # countries differ in what they like
    liked = np.stack([own, rng.integers(len(KINDS), size=customers)], axis=1) % len(KINDS)
    likes_kind = (liked[:, :, np.newaxis] == kind).any(axis=1)
    likes_look = rng.integers(len(LOOKS), size=(customers, 1)) == look
    likes_band = rng.integers(BANDS, size=(customers, 1)) == band
    return np.exp(4.0 * likes_kind + 1.5 * likes_look + 2.0 * likes_band)


def _items(rng: np.random.Generator, traits: Integers, released: Integers) -> Table:
    kind, look, band = traits
    count = len(kind)
    kinds, looks = [KINDS[each] for each in kind], [LOOKS[each] for each in look]
    meaning = rng.normal(size=(len(KINDS) + len(LOOKS), IMAGE))
    image = meaning[kind] + meaning[len(KINDS) + look] + rng.normal(0, 0.5, (count, IMAGE))
    colours, vowels = (rng.choice(some, count).tolist() for some in (COLOURS, list("aeiou")))
    prices = np.round(10.0 * 4.0**band * rng.uniform(1, 3, count), 2).tolist()
    dates = released.astype("datetime64[ms]").astype("datetime64[D]")
    return {
        "sku": [
            f"{n:05}-{a}{b}" for n, (a, b) in enumerate(rng.choice(list("QRSTVX"), (count, 2)))
        ],
        "name": [f"{b.title()} {a} {n}" for n, (a, b) in enumerate(zip(kinds, looks, strict=True))],
        "brand": [f"{a[:2].title()}{b}x" for a, b in zip(kinds, vowels, strict=True)],
        "price": [None if rng.random() < 0.05 else price for price in prices],
        "categories": [[a, b][: rng.integers(1, 3)] for a, b in zip(kinds, looks, strict=True)],
        "description": [
            f"This {b} {a} comes in {colour}, for those who like it {b}."
            for a, b, colour in zip(kinds, looks, colours, strict=True)
        ],
        "released": [str(date) for date in dates],
        "image": image.round(4).tolist(),
        "colour": colours,
        "weight_g": rng.integers(50, 20_000, count).tolist(),
    }


def _users(rng: np.random.Generator, ids: list[str], country: Integers) -> Table:
    count = len(ids)
    return {
        "customer": ids,
        "country": [COUNTRIES[each] for each in country],
        "segment": rng.choice(SEGMENTS, count).tolist(),
        "age": [None if rng.random() < 0.2 else int(each) for each in rng.integers(18, 90, count)],
        "profile": rng.normal(size=(count, 4)).round(4).tolist(),
    }


def _events(
    rng: np.random.Generator,
    taste: npt.NDArray[np.float64],
    released: Integers,
    ids: list[str],
    sku: list[str],
    count: int,
) -> Table:
    """Returns events in order of time; nobody sees a product before its release."""
    who = rng.integers(len(ids), size=count)
    when = FIRST_MS + np.sort(rng.integers(YEAR_MS, size=count))
    kind = rng.choice(len(TYPES), size=count, p=SHARES)
    by_taste = rng.random(count) < np.array(BY_TASTE)[kind]
    popularity = 1 / (10 + rng.permutation(len(sku)))
    what = np.empty(count, np.int64)
    for event in range(count):
        wanted = np.where(released <= when[event], popularity, 0.0)
        if by_taste[event]:
            wanted = wanted * taste[who[event]]
        what[event] = np.searchsorted(np.cumsum(wanted), rng.random() * wanted.sum())
    bought = rng.geometric(0.7, count)
    return {
        "customer": [ids[each] for each in who],
        "sku": [sku[each] for each in what],
        "ts": when.tolist(),
        "type": [TYPES[each] for each in kind],
        "quantity": [
            int(number) if TYPES[each] == "purchase" else None
            for number, each in zip(bought, kind, strict=True)
        ],
        "device": rng.choice(DEVICES, count).tolist(),
        "seconds": rng.exponential(30, count).round(1).tolist(),
        "scene": rng.normal(size=(count, 2)).round(3).tolist(),
    }


def write(tables: dict[str, Table], out: pathlib.Path, form: str) -> None:
    """Writes tables into a folder, which is made.

    Args:
        tables: By name.
        out: The folder.
        form: "csv", "parquet", or "shards": a folder of Parquet files a table.
    """
    out.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        if form == "csv":
            with (out / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(table)
                writer.writerows(map(_fields, zip(*table.values(), strict=True)))
        elif form == "parquet":
            pq.write_table(pa.table(table), out / f"{name}.parquet")
        else:
            whole = pa.table(table)
            (out / name).mkdir(exist_ok=True)
            size = -(-len(whole) // SHARDS)
            for shard in range(SHARDS):
                path = out / name / f"part-{shard:05}.parquet"
                pq.write_table(whole.slice(shard * size, size), path)


def _fields(row: tuple[Any, ...]) -> list[Any]:
    """Returns a row for CSV: texts of a list with | between them, numbers of one with a blank."""
    return [
        ("|" if isinstance(value[0], str) else " ").join(map(str, value))
        if isinstance(value, list)
        else value
        for value in row
    ]


def main() -> None:
    """Makes the files that the command line asks for."""
    parser = argparse.ArgumentParser(description="Makes the files of a shop.")
    parser.add_argument("--out", type=pathlib.Path, required=True, metavar="FOLDER")
    parser.add_argument("--format", choices=FORMATS, default="csv")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    write(make(arguments.seed), arguments.out, arguments.format)


if __name__ == "__main__":
    main()
