"""Asks faiss, in the environment `bench`, for what `serving_index.py` asks TensorFlow.

    python faiss_search.py VECTORS.npy QUERIES.npy K BATCH REPEATS

Prints CPU milliseconds a call of the exact index, on one thread.
"""

import sys
import time

import faiss
import numpy as np


def main(vectors: str, queries: str, k: str, batch: str, repeats: str) -> None:
    """Builds the index, warms it up, and measures."""
    faiss.omp_set_num_threads(1)
    candidates, asked = np.load(vectors), np.load(queries)[: int(batch)]
    index = faiss.IndexFlatIP(candidates.shape[1])
    index.add(candidates)
    times = []
    for _ in range(int(repeats) + 1):
        began = time.process_time()
        index.search(asked, int(k))
        times.append(time.process_time() - began)
    print(1000 * float(np.median(times[1:])))


if __name__ == "__main__":
    main(*sys.argv[1:])
