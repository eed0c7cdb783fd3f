"""Measures CPU milliseconds a query of the exact index beside TFRS and faiss.

    python -m benchmarks.serving_index [CANDIDATES …]

One run, one thread, random vectors (an exact search takes as long on any others), k = 100. Each
cell is the median over calls of a compiled function; the cells of a row are measured in turns, so
that a busy moment of the machine hits all of them.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

from components.bundle.index import ExactIndex
from pipeline.runs import tables

SIZES = (2_000, 60_000, 1_000_000)
BATCHES = (1, 32)
EXCLUSIONS = (64, 2048)
K, DIMENSION = 100, 32
SECONDS_A_CELL = 3.0
REPEATS = (5, 300)
FAISS = pathlib.Path(__file__).resolve().parent.parent / ".venv-bench" / "bin" / "python"

NAMES = (
    "ours",
    "BruteForce",
    "faiss",
    *(f"{whose} w/o {count}" for count in EXCLUSIONS for whose in ("ours", "TFRS")),
)
SLOW_FROM = 64

Call = Callable[[], object]


def started(title: str, default: Sequence[int]) -> Sequence[int]:
    """Takes one thread only, and returns the numbers of candidates that the command line asks for.

    Args:
        title: What is measured; the first line is shown as help.
        default: If it asks for none.
    """
    parser = argparse.ArgumentParser(description=title.splitlines()[0])
    parser.add_argument("candidates", nargs="*", type=int, help=f"default: {default}")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    return parser.parse_args().candidates or default


def main() -> None:
    """Prints a table for each batch size."""
    sizes = started(__doc__, SIZES)
    chance = np.random.default_rng(0)
    rows: list[tuple[str, ...]] = []
    for size in sizes:
        vectors = chance.standard_normal((size, DIMENSION), np.float32)
        queries = chance.standard_normal((max(BATCHES), DIMENSION), np.float32)
        for batch in BATCHES:
            calls = searches(vectors, queries[:batch], chance)
            repeats, found = measure(calls)
            if FAISS.exists():
                found["faiss"] = faiss(vectors, queries, batch, repeats)["milliseconds"]
            rows.append((f"{size:,}", str(batch), *(text(found.get(name)) for name in NAMES)))
            print(".", end="", flush=True, file=sys.stderr)
    rows.insert(0, ("candidates", "batch", *NAMES))
    print(f"\nCPU ms a call, k {K}, {DIMENSION} dimensions, 1 thread:\n{tables.columns(rows)}")
    print("w/o N: N exclusions a row; TFRS's `query_with_exclusions` compares k + N ids with N.")


def searches(vectors: np.ndarray, queries: np.ndarray, chance: np.random.Generator) -> dict:
    """Returns the searches that are measured, by name; ids are texts, as movies' are."""
    ids = np.char.encode(np.arange(len(vectors)).astype(str))
    ours, theirs = ExactIndex(K), tfrs.layers.factorized_top_k.BruteForce(k=K)
    ours.index(vectors, ids)
    theirs.index(tf.constant(vectors), tf.constant(ids))
    asked = tf.constant(queries)
    calls: dict[str, Call] = {}

    search, theirs_search = tf.function(ours.call), tf.function(theirs.call)
    without = tf.function(ours.query_with_exclusions)
    calls["ours"] = lambda: search(asked)
    calls["BruteForce"] = lambda: theirs_search(asked)
    for count in (count for count in EXCLUSIONS if count + K <= len(vectors)):
        rows = [chance.permutation(len(vectors))[:count] for _ in range(len(queries))]
        positions = tf.constant(np.stack(rows), tf.int64)
        calls[f"ours w/o {count}"] = lambda e=positions: without(asked, e)
        if count <= SLOW_FROM or len(queries) == 1:  # else it compares 140 million texts
            texts = tf.constant(ids[np.stack(rows)])
            theirs_without = tf.function(theirs.query_with_exclusions)  # traced for this count
            calls[f"TFRS w/o {count}"] = lambda f=theirs_without, e=texts: f(asked, e)
    return calls


def measure(
    calls: dict[str, Call], seconds: float = SECONDS_A_CELL
) -> tuple[int, dict[str, float]]:
    """Returns how often each was called, and the median of its CPU milliseconds.

    Args:
        calls: What is measured, by name.
        seconds: CPU seconds that the slowest may take in all.
    """
    for call in calls.values():
        call()  # traces
    once = max(_cpu_seconds(call) for call in calls.values())
    repeats = int(np.clip(seconds / once, *REPEATS))
    times: dict[str, list[float]] = {name: [] for name in calls}
    order = list(calls)
    for _ in range(repeats):
        random.shuffle(order)  # whoever follows the largest finds the caches cold
        for name in order:
            times[name].append(_cpu_seconds(calls[name]))
    return repeats, {name: 1000 * float(np.median(found)) for name, found in times.items()}


def faiss(
    vectors: np.ndarray, queries: np.ndarray, batch: int, repeats: int, *lists: int
) -> dict[str, Any]:
    """Returns what `faiss_search.py` prints, run in the environment that has faiss."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("vectors.npy", "queries.npy")]
        for path, array in zip(paths, (vectors, queries), strict=True):
            np.save(path, array)
        program = str(pathlib.Path(__file__).with_name("faiss_search.py"))
        command = [str(FAISS), program, *paths, *map(str, (K, batch, repeats, *lists))]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def _cpu_seconds(call: Call) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


def text(milliseconds: float | None) -> str:
    """Returns a cell of the table."""
    return "-" if milliseconds is None else f"{milliseconds:.2f}"


if __name__ == "__main__":
    main()
