"""Our side of the comparison: the frozen splits, whole runs, and the lists that bundles answer."""

import dataclasses
import json
import pathlib
import subprocess
import sys
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.protocols import EVAL, TRAIN, Ratings, for_strangers, recent_counts, top_lists
from components.bundle import manifest
from components.bundle.popularity import Trend
from components.ingestion import tables
from components.ingestion.splits import SplitConfig, split_events
from components.ingestion.timelines import item_examples, order_users, timeline_examples
from components.ingestion.values import codes_and_texts
from pipeline import presets
from pipeline.code_version import code_version
from transform import datasets, features

AT_ONCE = 512
CODE = ("trainer.run", "components.ingestion", "components.bundle")  # what figures depend on
OPEN_GATES = ("gates.min_hit_at_10=0", "gates.min_lift=-1", "gates.max_drop=1")


@dataclasses.dataclass(frozen=True)
class Frozen:
    """A release, split as the pipeline does it."""

    ratings: Ratings
    """Who rated what, and the part that each rating plays."""

    timelines: np.ndarray
    """`[users]` bytes: what is known of each user when test is asked for, as raw timelines."""

    movies: np.ndarray
    """`[movies]` bytes: the raw catalogue, in order of position."""

    movie_ids: np.ndarray
    """`[movies]` bytes: their ids, ascending."""


def freeze(data: pathlib.Path, config: SplitConfig) -> Frozen:
    """Splits a release.

    The timelines are those of the test split, whose history ends before the labels. A bundle's own
    store of users is no help here: it holds all that is known today, the labels included.
    """
    definition = datasets.load(datasets.MOVIELENS)
    read = tables.read(data, definition)
    users = order_users(read.events)
    timestamp = read.events.column(features.TIME).to_numpy()
    split = split_events(users.code, timestamp, config)
    movie_ids = np.array(
        [name.encode() for name in read.items.column(features.ITEM_ID).to_pylist()]
    )
    order = np.argsort(movie_ids)
    code, texts = codes_and_texts(read.events.column(features.ITEM_ID))
    position = np.searchsorted(movie_ids[order], texts.astype(bytes))
    frozen = Ratings(
        user=np.repeat(np.arange(len(split.users)), np.diff(split.offsets)),
        movie=position[code[split.order]],
        timestamp=timestamp[split.order],
        part=split.part.astype(np.int64),
        users=len(split.users),
        movies=len(movie_ids),
    )
    timelines = timeline_examples(read, definition, users.ids, split)
    return Frozen(
        frozen,
        np.array([timeline for name, timeline in timelines if name == features.TEST], object),
        np.array(list(item_examples(read.items, definition)), object)[order],
        movie_ids[order],
    )


def run(
    data: pathlib.Path, output: pathlib.Path, preset: str, split: SplitConfig, settings: list[str]
) -> dict[str, Any]:
    """Runs the pipeline as a user would, and returns the record of the run.

    The gates are open: what loses is measured too.

    Args:
        data: Folder of the release.
        output: Folder of the run; runs in the same folder share what does not depend on the model.
        preset: Where the model's settings come from.
        split: What is held out.
        settings: More of them, such as "model.seed=2".
    """
    held_out = [
        f"split.{name}={value}"
        for name, value in dataclasses.asdict(split).items()
        if value is not None
    ]
    command = [sys.executable, "-m", "pipeline.cli", "run", "--preset", preset, "--json"]
    command += ["--data", str(data), "--output", str(output)]
    for setting in (*held_out, *OPEN_GATES, *settings):
        command += ["--set", setting]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def identity(preset: str, settings: list[str]) -> dict[str, Any]:
    """Returns what figures of ours depend on besides the split: configuration and code."""
    config = presets.with_settings(presets.find(preset), settings)
    return {"config": dataclasses.asdict(config), "code": code_version(*CODE)}


def embed_all(signature: Any, movies: np.ndarray) -> np.ndarray:
    """Returns the vectors of all movies, `[movies, dim]`; a request takes only so many."""
    return np.concatenate(
        [
            signature(examples=tf.constant(list(movies[first : first + AT_ONCE])))["embedding"]
            for first in range(0, len(movies), AT_ONCE)
        ]
    )


def lists_of_bundle(bundle: str, frozen: Frozen) -> dict[str, np.ndarray]:
    """Returns what a bundle's towers put first for every user, `[users, LISTED]` positions.

    What is popular lately, the answer for users without a history and, where the bundle follows a
    trend, a part of every score, is told by the history of the split: the bundle itself counts all
    ratings, the labels included.

    Returns:
        `masked`: movies of the history left out, as the bundle answers. `raw`: they stay in.
    """
    signatures = tf.saved_model.load(bundle).signatures
    vectors = embed_all(signatures["embed_candidate"], frozen.movies)
    seen = frozen.ratings.select(TRAIN, EVAL)
    told = manifest.read(bundle)
    assert told is not None  # every bundle has one
    trend = Trend(**told.settings["trend"])
    prior = trend.prior(recent_counts(seen, trend.days))
    lists: dict[str, list[np.ndarray]] = {"masked": [], "raw": []}
    for first in range(0, len(frozen.timelines), AT_ONCE):
        asked = tf.constant(list(frozen.timelines[first : first + AT_ONCE]))
        queries = signatures["embed_query"](examples=asked)["embedding"].numpy()
        scores = (queries @ vectors.T + prior).astype(np.float64)
        lists["masked"].append(top_lists(scores, seen, first))
        lists["raw"].append(top_lists(scores))
    return {
        kind: for_strangers(np.concatenate(parts), seen, trend.days)
        for kind, parts in lists.items()
    }
