"""Measures what a filter costs beside the exact index without one, and the recall of IVF under it.

    python -m benchmarks.serving_filters [CANDIDATES …]

As `serving_inverted_file`: one thread, k = 100, a generated mixture. Each item has a category and a
number; a filter that passes a share is `share=…` of the first or a bound of the second.
"""

import functools
import os
import sys
from collections.abc import Callable

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import tensorflow as tf

from benchmarks import serving_index
from benchmarks.serving_index import Call, K
from benchmarks.serving_inverted_file import PROBES, mixture
from components.bundle import records
from components.bundle.filters import Filters
from components.bundle.index import EXCLUDED, ExactIndex
from components.bundle.ivf_index import IVFIndex
from pipeline.runs import tables
from transform.definition import Definition, Event, Item, Moment
from transform.kinds import Categories, Category, Number

SIZES = (2_000, 60_000, 1_000_000)
SHARES = {"50 %": 0.5, "30 %": 0.3, "1 %": 0.01, "0.01 %": 0.0001}
INVERTED_FROM = 60_000
BATCHES = (1, 32)
TAGS, TAGS_AN_ITEM = 20, 3
SECONDS_A_CELL = 0.6
Search = Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, ...]]
DEFINITION = Definition(
    name="generated",
    item=Item(
        id="id",
        features={
            "share": Category(filter=True),
            "number": Number(filter=True),
            "tags": Categories(filter=True),
        },
    ),
    event=Event(user="user", item="id", time=Moment("ts")),
)


def main() -> None:
    """Prints a table."""
    sizes = serving_index.started(__doc__, SIZES)
    rows: list[tuple[str, ...]] = [
        ("candidates", "batch", "filter", "exact", "filtered", "times", "IVF filtered", "recall")
    ]
    for size in sizes:
        rows += rows_of(size, np.random.default_rng(0))
    print(f"\nCPU ms a call, k {K}, 1 thread, {PROBES} probes; exact: without a filter.")
    print(tables.columns(rows))


def rows_of(size: int, chance: np.random.Generator) -> list[tuple[str, ...]]:
    """Returns a row for each batch size and filter."""
    vectors, queries = mixture(size, chance)
    exact = ExactIndex(K).index(vectors)
    inverted = IVFIndex(K, PROBES).index(vectors) if size >= INVERTED_FROM else None
    items = catalogue(size, chance)
    filters = Filters(items, np.arange(size), DEFINITION)
    searches = {"exact": search(exact), "filtered": search(exact, filters)}
    if inverted:
        order = inverted.identifiers(tf.range(size)).numpy()
        searches["IVF"] = search(inverted, Filters(items, order, DEFINITION))
    rows = []
    for batch in BATCHES:
        for name, term in terms().items():
            _, took = serving_index.measure(calls(searches, queries[:batch], term), SECONDS_A_CELL)
            found = "-"
            if inverted:
                best = [whole(searches[each], queries, term) for each in ("IVF", "filtered")]
                found = f"{recall(*best):.3f}"
            times = f"{took['filtered'] / took['exact']:.2f}"
            cells = (serving_index.text(took.get(each)) for each in ("exact", "filtered"))
            probed = serving_index.text(took.get("IVF"))
            rows.append((f"{size:,}", str(batch), name, *cells, times, probed, found))
            print(".", end="", flush=True, file=sys.stderr)
    return rows


def calls(searches: dict[str, Search], queries: np.ndarray, term: str) -> dict[str, Call]:
    """Returns what is measured, by name."""
    asked, require = tf.constant(queries), tf.fill([len(queries), 1], term)
    return {name: functools.partial(each, asked, require) for name, each in searches.items()}


def whole(searched: Search, queries: np.ndarray, term: str) -> np.ndarray:
    """Returns what all queries find, `[queries, k]`; -1 where fewer pass the filter."""
    parts = np.split(queries, len(queries) // max(BATCHES))
    require = tf.fill([max(BATCHES), 1], term)
    answers = [searched(tf.constant(part), require) for part in parts]
    found = [np.where(scores > EXCLUDED, places, -1) for scores, places, *_ in answers]
    return np.concatenate(found)


def recall(found: np.ndarray, best: np.ndarray) -> float:
    """Returns the mean share of the best that was found; -1 is none."""
    pairs = [(set(a) - {-1}, set(b) - {-1}) for a, b in zip(found, best, strict=True)]
    return float(np.mean([len(a & b) / len(b) if b else 1.0 for a, b in pairs]))


def search(index: ExactIndex | IVFIndex, filters: Filters | None = None) -> Search:
    """Returns a search under the terms of a filter; without any where there are no filters."""

    @tf.function(autograph=False)
    def searched(asked: tf.Tensor, require: tf.Tensor) -> tuple[tf.Tensor, ...]:
        none = tf.zeros([tf.shape(asked)[0], 0], tf.int64)
        if filters is None:
            return index.query_with_exclusions(asked, none)
        allowed = filters.mask(require, tf.as_string(none))
        best = index.query_with_exclusions(asked, none, allowed=allowed)
        return *best, tf.reduce_sum(tf.cast(allowed, tf.int32), axis=1)

    return searched


def terms() -> dict[str, str]:
    """Returns the filters that are measured, by their names in the table."""
    by_category = {f"{name} by category": f"share={name}" for name in SHARES}
    return {**by_category, "50 % by number": "number<0.5", "14 % by one of 20 tags": "tags=tag 1"}


def catalogue(size: int, chance: np.random.Generator) -> records.Items:
    """Returns items of which a share has each category, a number in 0…1 and some tags."""
    names = [*SHARES, "rest"]
    shares = [*SHARES.values(), 1 - sum(SHARES.values())]
    category = chance.choice(len(names), size, p=shares)
    number = chance.random(size)
    tags = chance.integers(0, TAGS, (size, TAGS_AN_ITEM))
    examples = []
    for row in range(size):
        example = tf.train.Example()
        feature = example.features.feature
        feature["share"].bytes_list.value.append(names[category[row]].encode())
        feature["number"].float_list.value.append(number[row])
        feature["tags"].bytes_list.value.extend(f"tag {tag}".encode() for tag in set(tags[row]))
        examples.append(example.SerializeToString())
    ids = np.arange(size)
    return records.Items(np.array(examples, object), ids, ids)


if __name__ == "__main__":
    main()
