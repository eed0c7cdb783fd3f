"""Measures the IVF index beside the exact index and faiss's: CPU a query, and recall.

    python -m benchmarks.serving_inverted_file [CANDIDATES …]

As `serving_index`, but on a mixture with a centre for every 200 candidates: without clusters no
inverted file finds much, and vectors that were learned have some. It is made up all the same.
"""

import os
import sys

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import tensorflow as tf

from benchmarks import serving_index
from benchmarks.serving_index import BATCHES, DIMENSION, FAISS, Call, K
from components.bundle.index import ExactIndex
from components.bundle.ivf_index import IVFIndex
from pipeline.config import Serving
from pipeline.runs import tables

SIZES = (60_000, 1_000_000)
PROBES = Serving().probes
QUERIES = 256
EXCLUSIONS = 2048
PER_CENTRE, SPREAD = 200, 0.5
NAMES = ("exact", "inverted", f"inverted w/o {EXCLUSIONS}", "faiss")


def main() -> None:
    """Prints a table."""
    sizes = serving_index.started(__doc__, SIZES)
    rows: list[tuple[str, ...]] = [("candidates", "batch", *NAMES, "recall", "faiss's recall")]
    for size in sizes:
        rows += rows_of(size, np.random.default_rng(0))
    print(f"\nCPU ms a call, k {K}, {DIMENSION} dimensions, 1 thread, {PROBES} probes:")
    print(tables.columns(rows))
    print(f"recall: of the exact index's {K} best, over {QUERIES} queries.")


def rows_of(size: int, chance: np.random.Generator) -> list[tuple[str, ...]]:
    """Returns a row for each batch size."""
    vectors, queries = mixture(size, chance)
    exact = ExactIndex(K).index(vectors)
    inverted = IVFIndex(K, PROBES).index(vectors)
    best = exact(tf.constant(queries))[1].numpy()
    found = recall(inverted(tf.constant(queries))[1].numpy(), best)
    rows = []
    for batch in BATCHES:
        calls = searches(exact, inverted, tf.constant(queries[:batch]), chance)
        repeats, took = serving_index.measure(calls)
        theirs = "-"
        if FAISS.exists():
            answer = serving_index.faiss(vectors, queries, batch, repeats, inverted.lists, PROBES)
            took["faiss"] = answer["milliseconds"]
            theirs = f"{recall(np.array(answer['found']), best):.3f}"
        cells = (serving_index.text(took.get(name)) for name in NAMES)
        rows.append((f"{size:,}", str(batch), *cells, f"{found:.3f}", theirs))
        print(".", end="", flush=True, file=sys.stderr)
    return rows


def searches(
    exact: ExactIndex, inverted: IVFIndex, asked: tf.Tensor, chance: np.random.Generator
) -> dict[str, Call]:
    """Returns the searches that are measured, by name."""
    chosen = [chance.permutation(inverted.size)[:EXCLUSIONS] for _ in range(len(asked))]
    positions = tf.constant(np.stack(chosen), tf.int64)
    search, probe = tf.function(exact.call), tf.function(inverted.call)
    without = tf.function(inverted.query_with_exclusions)
    return {
        "exact": lambda: search(asked),
        "inverted": lambda: probe(asked),
        f"inverted w/o {EXCLUSIONS}": lambda: without(asked, positions),
    }


def mixture(size: int, chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Returns `[size, dim]` candidates and `[QUERIES, dim]` queries around the same centres."""
    centres = chance.standard_normal((size // PER_CENTRE, DIMENSION), np.float32)

    def around(count: int) -> np.ndarray:
        noise = SPREAD * chance.standard_normal((count, DIMENSION), np.float32)
        return (centres[chance.integers(0, len(centres), count)] + noise).astype(np.float32)

    return around(size), around(QUERIES)


def recall(found: np.ndarray, best: np.ndarray) -> float:
    """Returns the mean share of the best that was found."""
    shares = [len(set(a) & set(b)) / len(b) for a, b in zip(found, best, strict=True)]
    return float(np.mean(shares))


if __name__ == "__main__":
    main()
