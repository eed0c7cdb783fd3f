"""Canary: lets a bundle answer in a bare process before it may be pushed.

It does what TFX's InfraValidator is for, which Kubeflow's compiler refuses: a bundle that loads
only beside the training code, or whose index does not belong to its towers, stops here.
"""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import tensorflow as tf
from absl import logging
from tfx import v1 as tfx
from tfx.utils import path_utils

from components.bundle import build, inputs, manifest, popularity, records, warm_up
from components.bundle.answers import (
    EXCLUDE_MOVIE_IDS,
    HISTORY_MOVIE_IDS,
    KNOWN_USER,
    MOVIE_IDS,
    TITLES,
)
from components.canary.comparison import compare
from transform import features

PROBE = pathlib.Path(__file__).with_name("probe.py")
PROBED_USERS = 32
TIMEOUT_SECONDS = 600
UNKNOWN_USER = "canary: nobody has this id"


@tfx.dsl.components.component
def Canary(
    bundle: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Model],
    model: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Model],
    movies: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Examples],
    timelines: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Examples],
    blessing: tfx.dsl.components.OutputArtifact[tfx.types.standard_artifacts.InfraBlessing],
    withdrawn: tfx.dsl.components.Parameter[str] = "",
    code_version: tfx.dsl.components.Parameter[str] = "",
) -> None:
    """Compares the bundle's answers, in a bare process, with those of the trained towers.

    The process first answers the warm-up file, as TensorFlow Serving does when it loads a version.

    Args:
        bundle: What would be pushed.
        model: The trained towers.
        movies: Raw movies.
        timelines: Raw timelines.
        blessing: Says that the bundle may be pushed.
        withdrawn: Ids of movies that must not be recommended, with commas between them.
        code_version: Changes when the code does.

    Raises:
        ValueError: The bundle is not what its manifest says, does not load in a bare process, or
            answers otherwise.
    """
    del code_version
    path = path_utils.serving_model_path(bundle.uri)
    told = check_files(path).settings
    catalogue = inputs.read_catalogue(movies, withdrawn)
    everybody = inputs.read_timelines(timelines)
    users = records.with_labels_as_history(_sample(everybody))
    prior = _prior(popularity.Trend(**told["trend"]), everybody, catalogue)
    towers = tf.saved_model.load(path_utils.serving_model_path(model.uri))
    query = {name: value.numpy() for name, value in records.parse_queries(users).items()}
    requests = _requests(query)
    answers = _ask(path, requests)
    exact = told["index"] == manifest.EXACT
    problems = _problems(answers, query, catalogue, towers, prior, exact)
    if problems:
        raise ValueError(
            f"The bundle does not answer as the trained towers do ({len(problems)} times):\n  "
            + "\n  ".join(problems[:10])
        )
    logging.info("The bundle answered %d users as the trained towers do.", len(users))
    tfx.dsl.io.fileio.makedirs(blessing.uri)
    with tfx.dsl.io.fileio.open(os.path.join(blessing.uri, "INFRA_BLESSED"), "w") as file:
        file.write("")
    blessing.set_int_custom_property("blessed", 1)


def check_files(bundle: str) -> manifest.Manifest:
    """Compares a bundle's files with its manifest, and returns it.

    Raises:
        ValueError: They differ; the message names the first files that do.
    """
    found = manifest.problems(bundle)
    if found:
        raise ValueError(
            f"{bundle} is not what its manifest says, so it may not be pushed; run again, and if "
            "that does not help, remove the folder:\n  " + "\n  ".join(found[:10])
        )
    told = manifest.read(bundle)
    assert told is not None  # a missing one is a problem
    return told


def _requests(query: dict[str, np.ndarray]) -> list:
    """Returns what to ask: the users by id, the same by their history, nobody, and a neighbour."""
    users = [user.decode() for user in query[features.USER_ID]]
    history = [[movie.decode() for movie in row] for row in query[features.MOVIE_ID]]
    profile = {
        features.AGE: query[features.AGE].tolist(),
        **{
            name: [value.decode() for value in query[name]]
            for name in (features.GENDER, features.OCCUPATION, features.ZIP)
        },
    }
    anonymous = {HISTORY_MOVIE_IDS: history, EXCLUDE_MOVIE_IDS: history, **profile}
    return [
        ["serving_default", {features.USER_ID: users}],
        ["recommend", anonymous],
        ["serving_default", {features.USER_ID: [UNKNOWN_USER]}],
        ["similar", {features.MOVIE_ID: [row[0] for row in history if row[:1] != [""]][:1]}],
    ]


def _ask(bundle: str, requests: list) -> list[dict[str, list]]:
    """Returns the bare process's answers.

    Raises:
        ValueError: It failed; the message holds the end of what it said.
    """
    done = subprocess.run(
        [sys.executable, "-I", str(PROBE), bundle, warm_up.PATH],
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode:
        raise ValueError(
            "The bundle does not load or answer in a bare process:\n" + done.stderr[-2000:]
        )
    return json.loads(done.stdout)


def _problems(
    answers: list[dict[str, list]],
    query: dict[str, np.ndarray],
    catalogue: records.Movies,
    towers: tf.Module,
    prior: np.ndarray,
    exact: bool,
) -> list[str]:
    """Returns every difference between the answers and the trained towers."""
    by_id, by_history, nobody, neighbours = answers
    vectors = build.embed_catalogue(towers, catalogue)
    problems = []
    for asked, answer in ((query, by_id), (anonymous(query), by_history)):
        embedded = towers.embed_query({k: tf.constant(v) for k, v in asked.items()})
        known = embedded["known"].numpy()
        scores = embedded["embedding"].numpy() @ vectors.T + prior
        if answer[KNOWN_USER] != known.tolist():
            problems.append(f"known_user is {answer[KNOWN_USER]}, expected {known.tolist()}")
        for row in np.flatnonzero(known):
            problems += compare(
                query[features.USER_ID][row].decode(),
                answer[MOVIE_IDS][row],
                catalogue.movie_id,
                scores[row],
                set(query[features.MOVIE_ID][row]),
                exact,
            )
    if nobody[KNOWN_USER] != [False] or not nobody[TITLES][0][0]:
        problems.append("an unknown user is not answered by what is popular")
    if not neighbours[MOVIE_IDS]:
        problems.append("similar movies are missing")
    return problems


def anonymous(query: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns queries as `recommend` asks them: nobody's, and of the history its movies alone."""
    return {
        **query,
        features.USER_ID: np.full_like(query[features.USER_ID], b""),
        features.RATING: np.zeros_like(query[features.RATING]),
        features.TIMESTAMP: np.zeros_like(query[features.TIMESTAMP]),
    }


def _prior(trend: popularity.Trend, timelines: np.ndarray, catalogue: records.Movies) -> np.ndarray:
    """Returns what the bundle must have added to the towers' scores, `[movies]` float32."""
    if not trend.weight:
        return np.zeros(len(catalogue.movie_id), np.float32)
    whole = records.with_labels_as_history(timelines)
    return trend.prior(build.recent_counts(whole, catalogue, trend))


def _sample(timelines: np.ndarray) -> np.ndarray:
    """Returns up to `PROBED_USERS` timelines, evenly spread."""
    count = min(PROBED_USERS, len(timelines))
    return timelines[np.linspace(0, len(timelines) - 1, count).astype(int)]
