"""Our side of the comparison: the frozen splits, whole runs, and the lists that bundles answer."""

import dataclasses
import json
import pathlib
import subprocess
import sys
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.protocols import Ratings, top_lists
from components import grouplens
from components.bundle import module
from components.splits import SplitConfig, split_ratings
from components.timelines import id_names, movie_examples
from transform import features

AT_ONCE = 512
OPEN_GATES = ("gates.min_hit_at_10=0", "gates.min_lift=-1", "gates.max_drop=1")


def frozen_split(data: pathlib.Path, config: SplitConfig) -> tuple[Ratings, np.ndarray, np.ndarray]:
    """Splits a release as the pipeline does.

    Returns:
        The split, and the ids of its users and of its movies, as bytes, in order of position.
    """
    layout = grouplens.detect(str(data))
    ratings, movies = grouplens.read_ratings(layout), grouplens.read_movies(layout)
    split = split_ratings(ratings.user_id, ratings.timestamp, config)
    catalogue = np.sort(id_names(movies.movie_id).astype(bytes))
    rated = id_names(ratings.movie_id[split.order]).astype(bytes)
    frozen = Ratings(
        user=np.repeat(np.arange(len(split.user_id)), np.diff(split.offsets)),
        movie=np.searchsorted(catalogue, rated),
        timestamp=ratings.timestamp[split.order],
        part=split.part.astype(np.int64),
        users=len(split.user_id),
        movies=len(catalogue),
    )
    return frozen, id_names(split.user_id).astype(bytes), catalogue


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


def lists_of_bundle(
    bundle: str, data: pathlib.Path, split: Ratings, users: np.ndarray, catalogue: np.ndarray
) -> dict[str, np.ndarray]:
    """Returns what a bundle answers every user, `[users, LISTED]` catalogue positions.

    Returns:
        `masked`: the answers of `serving_default`, as clients get them. `raw`: the dot products of
        its two towers, movies of the history included.
    """
    loaded = tf.saved_model.load(bundle)
    masked = []
    for first in range(0, len(users), AT_ONCE):
        asked = tf.constant(users[first : first + AT_ONCE].tolist())
        answer = loaded.signatures["serving_default"](user_id=asked)
        masked.append(positions(answer[module.MOVIE_IDS].numpy(), catalogue))
    movies = list(movie_examples(grouplens.read_movies(grouplens.detect(str(data)))))
    names = [features_of(movie) for movie in movies]
    order = np.argsort(np.array(names))
    vectors = loaded.signatures["embed_candidate"](examples=tf.constant(movies))["embedding"]
    matrix = vectors.numpy()[order]
    raw = []
    timelines = timelines_by_user(loaded.answers.timelines.numpy())
    for first in range(0, len(users), AT_ONCE):
        asked = tf.constant([timelines[user] for user in users[first : first + AT_ONCE]])
        queries = loaded.signatures["embed_query"](examples=asked)["embedding"].numpy()
        raw.append(top_lists((queries @ matrix.T).astype(np.float64)))
    return {"masked": np.concatenate(masked), "raw": np.concatenate(raw)}


def positions(movie_ids: np.ndarray, catalogue: np.ndarray) -> np.ndarray:
    """Returns the catalogue positions of ids, of any shape; -1 for the empty one."""
    names = movie_ids.astype(bytes)
    found = np.searchsorted(catalogue, names)
    return np.where(names == b"", -1, found)


def features_of(movie: bytes) -> bytes:
    """Returns the id in a serialized movie."""
    example = tf.train.Example.FromString(movie)
    return example.features.feature[features.MOVIE_ID].bytes_list.value[0]


def timelines_by_user(timelines: np.ndarray) -> dict[bytes, bytes]:
    """Returns serialized timelines by user id."""
    spec = {features.USER_ID: tf.io.FixedLenFeature([], tf.string)}
    users = tf.io.parse_example(tf.constant(timelines), spec)[features.USER_ID].numpy()
    return dict(zip(users.tolist(), timelines.tolist(), strict=True))
