"""How movies that nobody has rated yet are ranked, by what is known of them without any rating.

    python -m benchmarks.cold_movies [--data ml-100k] [--set model.id_dropout=0.2] [--choose]

A twentieth of the rated movies loses all its ratings before the pipeline sees the data; the movies
stay in the catalogue. Each of those ratings then asks the bundle: where does its movie stand, for a
user with the history that is left? Whoever tries settings does so with `--choose`, which asks about
another twentieth; the one that is reported stays unseen until the settings are final.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import shutil
from collections.abc import Callable

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import numpy.typing as npt

from benchmarks import ours, protocols
from benchmarks.protocols import Floats, Integers, Ratings
from components.ingestion.readers.grouplens import layout as grouplens
from components.ingestion.splits import SplitConfig
from pipeline.datasets.fetch import fetch

RUNS = pathlib.Path("runs")
GROUP = 20  # movies of about equal popularity, one of which is held out
SEED = 0
MEASURES = ("AUC", "hit@10", "hit@100")

Scorer = Callable[[slice], Floats]
"""From a slice of the users to their `[users, movies]` scores."""


@dataclasses.dataclass(frozen=True)
class Places:
    """Where held-out movies stand among those that their users never rated, a row per rating."""

    above: Integers
    """`[ratings]` movies with a higher score; all of them where a score is not a number."""

    tied: Integers
    """`[ratings]` other movies with the same score."""

    below: Integers
    """`[ratings]` movies with a lower score."""

    def auc(self) -> Floats:
        """Share of the other movies that stand below, ties half: the percentile of the rank.

        A half where there is no other.
        """
        others = self.above + self.tied + self.below
        return np.where(others, self.below + self.tied / 2, 0.5) / np.maximum(others, 1)

    def hit_at(self, k: int) -> Floats:
        """Chance that the movie is among the first `k` when ties are broken at random."""
        return np.clip((k - self.above) / (self.tied + 1), 0.0, 1.0)


def draw(counts: Integers, seed: int = SEED) -> dict[str, Integers]:
    """Returns two disjoint twentieths of the rated movies, alike in how often they were rated.

    Args:
        counts: `[movies]` ratings of each movie.
        seed: Makes the draw reproducible.

    Returns:
        `reported` and `choosing`: positions of movies, ascending.

    Raises:
        ValueError: There are fewer than `GROUP` rated movies.
    """
    ranked = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    groups = len(ranked) // GROUP
    if not groups:
        raise ValueError(f"Needs {GROUP} rated movies or more, got {len(ranked)}.")
    chance = np.random.default_rng(seed)
    pairs = np.array(
        [chance.choice(group, 2, replace=False) for group in np.array_split(ranked, groups)]
    )
    return {"reported": np.sort(pairs[:, 0]), "choosing": np.sort(pairs[:, 1])}


def write_without(
    layout: grouplens.Layout, movie_ids: npt.NDArray[np.bytes_], folder: pathlib.Path
) -> None:
    """Writes a release anew without the ratings of some movies; all other files are copied.

    Args:
        layout: The release.
        movie_ids: Whose ratings are left out.
        folder: Where to write; made if missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    left_out = set(movie_ids.tolist())
    delimiter = layout.ratings_delimiter.encode()
    for path in layout.files:
        if path != layout.ratings:
            shutil.copyfile(path, folder / path.name)
    lines = layout.ratings.read_bytes().splitlines(keepends=True)
    kept = (line for line in lines if line.split(delimiter, 2)[1].strip() not in left_out)
    (folder / layout.ratings.name).write_bytes(b"".join(kept))


def places(scores: Scorer, asked: Ratings, rated: Ratings, among: Integers) -> Places:
    """Returns where the movie of each rating stands in its user's list.

    Args:
        scores: Of all users and movies.
        asked: The held-out ratings, in ascending order of user.
        rated: All ratings, the held-out ones included: their movies are nobody's competitors.
        among: Positions of the movies that compete.
    """
    total, tied, below = (np.zeros(len(asked.user), np.int64) for _ in range(3))
    for first in range(0, asked.users, ours.AT_ONCE):
        users = slice(first, min(first + ours.AT_ONCE, asked.users))
        table = scores(users)
        competes = np.zeros(table.shape, np.bool_)
        competes[:, among] = True
        own = (rated.user >= users.start) & (rated.user < users.stop)
        competes[rated.user[own] - first, rated.movie[own]] = False
        for row in np.flatnonzero((asked.user >= users.start) & (asked.user < users.stop)):
            user = asked.user[row] - first
            others, score = table[user][competes[user]], table[user, asked.movie[row]]
            total[row] = len(others)
            tied[row] = np.count_nonzero(others == score)
            below[row] = np.count_nonzero(others < score)
    return Places(total - tied - below, tied, below)


def of_bundle(bundle: str, frozen: ours.Frozen) -> Scorer:
    """Returns what a bundle's towers score."""
    import tensorflow as tf

    signatures = tf.saved_model.load(bundle).signatures
    vectors = ours.embed_all(signatures["embed_candidate"], frozen.movies)

    def scores(users: slice) -> Floats:
        asked = tf.constant(list(frozen.timelines[users]))
        return (signatures["embed_query"](examples=asked)["embedding"].numpy() @ vectors.T).astype(
            np.float64
        )

    return scores


def by_counts(ratings: Ratings) -> Scorer:
    """Returns how often each movie was rated, the same for every user."""
    counts = np.bincount(ratings.movie, minlength=ratings.movies).astype(np.float64)
    return lambda users: np.repeat(counts[np.newaxis], users.stop - users.start, axis=0)


def at_random(movies: int) -> Scorer:
    """Returns ties only: what is measured is then the expectation of a random order."""
    return lambda users: np.zeros((users.stop - users.start, movies))


def measure(found: Places, asked: Ratings) -> dict[str, dict[str, float]]:
    """Returns mean and standard errors of every measure."""
    values = {"AUC": found.auc(), "hit@10": found.hit_at(10), "hit@100": found.hit_at(100)}
    figures = {}
    for name, each in values.items():
        mean, by_user = protocols.mean_and_error(each, asked.user)
        _, by_movie = protocols.mean_and_error(each, asked.movie)
        figures[name] = {"mean": mean, "error by user": by_user, "error by movie": by_movie}
    return figures


def main() -> None:
    """Holds movies out, runs the pipeline, asks, and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="ml-100k", help="release (default: ml-100k)")
    parser.add_argument("--preset", help="default: that of the release")
    parser.add_argument("--set", action="append", default=[], help="as of `movielens run`")
    parser.add_argument(
        "--choose", action="store_true", help="ask about the movies that settings may be chosen by"
    )
    options = parser.parse_args()
    data = fetch(options.data, RUNS / "data" / options.data, print).absolute()
    rows = compare(
        data,
        (RUNS / "cold" / options.data).absolute(),
        options.preset or options.data,
        options.set,
        "choosing" if options.choose else "reported",
    )
    print(markdown(rows))


def compare(
    data: pathlib.Path, folder: pathlib.Path, preset: str, settings: list[str], which: str
) -> dict:
    """Runs the pipeline without the ratings of held-out movies, and measures where these stand.

    While settings are chosen, the movies that are reported are held out as well, so that a model
    that was chosen never knew them.

    Args:
        data: Folder of the release.
        folder: Of everything that is written.
        preset: Where the model's settings come from.
        settings: More of them.
        which: "reported" or "choosing".

    Returns:
        What is written to `results.json`.
    """
    split = SplitConfig()
    everything = ours.freeze(data, split)
    whole = everything.ratings
    drawn = draw(np.bincount(whole.movie, minlength=whole.movies))
    held_out = drawn[which]
    gone = np.union1d(held_out, drawn["reported"])
    left = folder / which / "data"
    write_without(grouplens.detect(data), everything.movie_ids[gone], left)
    frozen = ours.freeze(left, split)
    if frozen.ratings.users != whole.users:
        raise ValueError("A user rated held-out movies only: draw with another seed.")
    asked = whole.where(np.isin(whole.movie, held_out))
    record = ours.run(left, folder / which / "runs", preset, split, settings)
    contenders = {
        "random": at_random(whole.movies),
        "popular, by what training knew": by_counts(frozen.ratings),
        "popular, by the held-out ratings too": by_counts(whole),
        "ours": of_bundle(record["pushed"] or record["same_as"], frozen),
    }
    pools = {"all": np.arange(whole.movies), "cold": held_out}
    result = {
        "which": which,
        "settings": settings,
        "movies": len(held_out),
        "ratings": len(asked.user),
        "users": len(np.unique(asked.user)),
        "test": record["metrics"][""],
        "figures": {
            name: {
                pool: measure(places(scores, asked, whole, among), asked)
                for pool, among in pools.items()
            }
            for name, scores in contenders.items()
        },
    }
    name = "_".join([which, *(setting.replace("/", "") for setting in settings)])
    (folder / f"{name}.json").write_text(json.dumps(result, indent=1))
    (folder / f"{name}.md").write_text(markdown(result))
    return result


def markdown(result: dict) -> str:
    """Returns the table."""
    lines = [
        f"\n{result['movies']} movies held out of training, {result['ratings']} ratings of them by "
        f"{result['users']} users ({result['which']}; {' '.join(result['settings']) or 'preset'}). "
        f"± one standard error, clustered by user.\n",
        "| | among all: AUC | hit@10 | hit@100 | among the held out: AUC | hit@10 |",
        "|---|---|---|---|---|---|",
    ]
    for name, pools in result["figures"].items():
        cells = [
            f"{figure['mean']:.3f} ± {figure['error by user']:.3f}"
            for pool, measures in (("all", MEASURES), ("cold", MEASURES[:2]))
            for figure in (pools[pool][measure] for measure in measures)
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines.append(f"\nOn test, hit@10 {result['test']['hit@10']:.4f}.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
