"""The peers: what people use instead of a two-tower, tuned on eval and retrained on all history.

    python -m benchmarks.peers NAME SPLIT.npz LISTS.npz [--k 10] [--raw]

runs one of them in the environment of `requirements/peers.in`. Each is a function from ratings to
the scores of users, and a grid; the best cell on eval is fitted again on train and eval, and its
lists for test are written, with what it cost.
"""

import argparse
import itertools
import pathlib
import time
from collections.abc import Callable
from typing import Any

import implicit
import lightfm
import numpy as np
import scipy.sparse

from benchmarks.protocols import (
    EVAL,
    TEST,
    TRAIN,
    Ratings,
    code,
    for_strangers,
    hit_at,
    keep,
    ranks,
    recent_counts,
    top_lists,
)
from pipeline.runs.usage import peak_gigabytes

Scorer = Callable[[np.ndarray], np.ndarray]
"""From `[n]` user positions to `[n, movies]` scores."""
USERS_AT_ONCE = 1024
SEED = 1


def matrix(ratings: Ratings) -> scipy.sparse.csr_matrix:
    """Returns who rated what as ones, `[users, movies]` float32."""
    ones = np.ones(len(ratings.user), np.float32)
    shape = (ratings.users, ratings.movies)
    return scipy.sparse.csr_matrix((ones, (ratings.user, ratings.movie)), shape=shape)


def popular(ratings: Ratings) -> Scorer:
    """How often each movie was rated."""
    counts = np.bincount(ratings.movie, minlength=ratings.movies).astype(np.float64)
    return lambda users: np.repeat(counts[np.newaxis], len(users), axis=0)


def recently_popular(ratings: Ratings, days: int) -> Scorer:
    """How often each movie was rated in the last days; among equals, ever."""
    counts = recent_counts(ratings, days)
    return lambda users: np.repeat(counts[np.newaxis], len(users), axis=0)


def item_knn(ratings: Ratings, neighbours: int) -> Scorer:
    """Sum of cosine similarities to the movies of the history, the nearest of each movie only."""
    seen = matrix(ratings)
    model = implicit.nearest_neighbours.CosineRecommender(K=neighbours)
    model.fit(seen, show_progress=False)
    return lambda users: np.asarray((seen[users] @ model.similarity).todense(), np.float64)


def ease(ratings: Ratings, regularization: float) -> Scorer:
    """Linear item-to-item weights in closed form (Steck, 2019, equation 8)."""
    seen = matrix(ratings).astype(np.float64)
    gram = np.asarray((seen.T @ seen).todense())
    gram[np.diag_indices_from(gram)] += regularization
    inverse = np.linalg.inv(gram)
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return lambda users: np.asarray(seen[users] @ weights)


def ials(ratings: Ratings, factors: int, regularization: float, alpha: float) -> Scorer:
    """Implicit alternating least squares (Hu, Koren and Volinsky, 2008)."""
    model = implicit.als.AlternatingLeastSquares(
        factors, regularization, alpha, iterations=15, random_state=SEED, use_gpu=False
    )
    model.fit(matrix(ratings), show_progress=False)
    return lambda users: np.asarray(model.user_factors[users] @ model.item_factors.T, np.float64)


def bpr(ratings: Ratings, factors: int, learning_rate: float) -> Scorer:
    """Bayesian personalised ranking (Rendle et al., 2009)."""
    model = implicit.bpr.BayesianPersonalizedRanking(
        factors, learning_rate, iterations=100, num_threads=1, random_state=SEED, use_gpu=False
    )
    model.fit(matrix(ratings), show_progress=False)
    return lambda users: np.asarray(model.user_factors[users] @ model.item_factors.T, np.float64)


def warp(ratings: Ratings, factors: int, learning_rate: float) -> Scorer:
    """Weighted approximate-rank pairwise loss (Weston et al., 2011), by LightFM."""
    model = lightfm.LightFM(factors, loss="warp", learning_rate=learning_rate, random_state=SEED)
    model.fit(matrix(ratings).tocoo(), epochs=30)
    bias, items = model.get_item_representations()
    _, people = model.get_user_representations()
    return lambda users: np.asarray(people[users] @ items.T + bias, np.float64)


PEERS: dict[str, tuple[Callable[..., Scorer], dict[str, list[Any]]]] = {
    "popular": (popular, {}),
    "recently popular": (recently_popular, {"days": [7, 30, 90, 365]}),
    "item-kNN": (item_knn, {"neighbours": [10, 20, 50, 100, 200, 500]}),
    "EASE": (ease, {"regularization": [50, 100, 200, 500, 1000, 2000, 5000]}),
    "iALS": (
        ials,
        {
            "factors": [8, 16, 32, 64, 128],
            "regularization": [1.0, 10.0, 30.0, 100.0, 300.0],
            "alpha": [1.0, 5.0, 20.0, 50.0],
        },
    ),
    "BPR": (bpr, {"factors": [32, 64, 128], "learning_rate": [0.003, 0.01, 0.05]}),
    "WARP": (warp, {"factors": [32, 64, 128], "learning_rate": [0.02, 0.05, 0.1]}),
}
PERSONAL = tuple(name for name in PEERS if "popular" not in name)


def lists_of(scorer: Scorer, seen: Ratings, masked: bool) -> np.ndarray:
    """Returns the lists of all users, `[users, LISTED]`, some users at a time."""
    parts = []
    for first in range(0, seen.users, USERS_AT_ONCE):
        users = np.arange(first, min(first + USERS_AT_ONCE, seen.users))
        parts.append(top_lists(scorer(users), seen if masked else None, first))
    return np.concatenate(parts)


def tune(name: str, split: Ratings, masked: bool, k: int) -> tuple[dict[str, Any], float]:
    """Returns the best cell of a peer's grid by hit@k on eval, and that figure."""
    fit, grid = PEERS[name]
    known, labels = split.select(TRAIN), split.select(EVAL)
    results = []
    for values in itertools.product(*grid.values()):
        cell = dict(zip(grid, values, strict=True))
        lists = lists_of(fit(known, **cell), known, masked)
        if name in PERSONAL:
            lists = for_strangers(lists, known)
        results.append((float(hit_at(ranks(lists, labels), k).mean()), cell))
    best = max(results, key=lambda result: result[0])
    return best[1], best[0]


def edges(name: str, cell: dict[str, Any]) -> list[str]:
    """Returns what of a cell lies at an end of the peer's grid: beyond it may be a better one."""
    grid = PEERS[name][1]
    return [key for key, value in cell.items() if value in (grid[key][0], grid[key][-1])]


def main() -> None:
    """Tunes, fits and ranks with one peer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=PEERS)
    parser.add_argument("split", type=pathlib.Path)
    parser.add_argument("--k", type=int, default=10, help="hit@k on eval chooses the cell")
    parser.add_argument("--raw", action="store_true", help="tune with seen movies in the ranking")
    parser.add_argument("output", type=pathlib.Path, help="npz of lists; a JSON lies beside it")
    options = parser.parse_args()
    split = Ratings.load(options.split)
    cell, chosen = tune(options.name, split, not options.raw, options.k)
    for at_end in edges(options.name, cell):
        print(f"  {options.name}: {at_end}={cell[at_end]} is at an end of its grid", flush=True)
    history = split.select(TRAIN, EVAL)
    start = time.process_time()
    scorer = PEERS[options.name][0](history, **cell)
    cost = time.process_time() - start
    lists = {}
    for key, masked in (("masked", True), ("raw", False)):
        lists[key] = lists_of(scorer, history, masked)
        if options.name in PERSONAL:
            lists[key] = for_strangers(lists[key], history)
    facts = {
        "split": split.fingerprint(),
        "k": options.k,
        "raw": options.raw,
        "code": code("peers", "protocols"),
        "settings": cell,
        f"eval hit@{options.k}": chosen,
        "cpu_seconds": cost,
        "gigabytes": peak_gigabytes(),
        "labels": int((split.part == TEST).sum()),
    }
    keep(options.output, lists, facts)


if __name__ == "__main__":
    main()
