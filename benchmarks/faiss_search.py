"""Asks faiss, in the environment `bench`, for what the benchmarks of the index ask TensorFlow.

    python faiss_search.py VECTORS.npy QUERIES.npy K BATCH REPEATS [LISTS PROBES]

Prints JSON: `milliseconds`, CPU a call of `BATCH` queries on one thread, and `found`, what all
queries find. The index is exact, or with the last two an inverted file, its k-means on as many
vectors and for as many rounds as ours.
"""

import json
import sys
import time

import faiss
import numpy as np

SAMPLE_PER_LIST, ROUNDS = 64, 10


def main(vectors: str, queries: str, k: str, batch: str, repeats: str, *lists: str) -> None:
    """Builds the index, warms it up, and measures."""
    faiss.omp_set_num_threads(1)
    candidates, asked = np.load(vectors), np.load(queries)
    index = inverted_file(candidates, *map(int, lists)) if lists else exact(candidates)
    _, found = index.search(asked, int(k))
    times = []
    for _ in range(int(repeats)):
        began = time.process_time()
        index.search(asked[: int(batch)], int(k))
        times.append(time.process_time() - began)
    print(json.dumps({"milliseconds": 1000 * float(np.median(times)), "found": found.tolist()}))


def exact(candidates: np.ndarray) -> faiss.Index:
    """Returns an index that compares with every candidate."""
    index = faiss.IndexFlatIP(candidates.shape[1])
    index.add(candidates)
    return index


def inverted_file(candidates: np.ndarray, lists: int, probes: int) -> faiss.Index:
    """Returns an index that compares with the candidates of some lists."""
    dimension = candidates.shape[1]
    index = faiss.IndexIVFFlat(
        faiss.IndexFlatIP(dimension), dimension, lists, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.max_points_per_centroid, index.cp.niter = SAMPLE_PER_LIST, ROUNDS
    index.train(candidates)
    index.add(candidates)
    index.nprobe = probes
    return index


if __name__ == "__main__":
    main(*sys.argv[1:])
