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
    EXCLUDE_ITEM_IDS,
    HISTORY_ITEM_IDS,
    ITEM_IDS,
    KNOWN_USER,
    TITLES,
)
from components.canary.comparison import compare
from transform import features, queries
from transform.definition import Definition, from_json

PROBE = pathlib.Path(__file__).with_name("probe.py")
PROBED_USERS = 32
TIMEOUT_SECONDS = 600
UNKNOWN_USER = "canary: nobody has this id"


@tfx.dsl.components.component
def Canary(
    bundle: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Model],
    model: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Model],
    items: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Examples],
    timelines: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Examples],
    blessing: tfx.dsl.components.OutputArtifact[tfx.types.standard_artifacts.InfraBlessing],
    definition: tfx.dsl.components.Parameter[str],
    withdrawn: tfx.dsl.components.Parameter[str] = "[]",
    code_version: tfx.dsl.components.Parameter[str] = "",
) -> None:
    """Compares the bundle's answers, in a bare process, with those of the trained towers.

    The process first answers the warm-up file, as TensorFlow Serving does when it loads a version.

    Args:
        bundle: What would be pushed.
        model: The trained towers.
        items: Raw items.
        timelines: Raw timelines.
        blessing: Says that the bundle may be pushed.
        definition: Of the data set, JSON.
        withdrawn: Ids of items that must not be recommended, a JSON list.
        code_version: Changes when the code does.

    Raises:
        ValueError: The bundle is not what its manifest says, does not load in a bare process, or
            answers otherwise.
    """
    del code_version
    path = path_utils.serving_model_path(bundle.uri)
    described = from_json(definition)
    told = check_files(path).settings
    catalogue = inputs.read_catalogue(items, withdrawn)
    everybody = inputs.read_timelines(timelines)
    users = records.with_labels_as_history(_sample(everybody), described)
    prior = _prior(popularity.Trend(**told["trend"]), everybody, catalogue, described)
    towers = tf.saved_model.load(path_utils.serving_model_path(model.uri))
    query = {name: value.numpy() for name, value in queries.parse(users, described).items()}
    requests = _requests(query, described)
    answers = _ask(path, requests)
    exact = told["index"] == manifest.EXACT
    problems = _problems(answers, query, described, catalogue, towers, prior, exact)
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


def _requests(query: dict[str, np.ndarray], definition: Definition) -> list:
    """Returns what to ask: the users by id, the same by their history, nobody, and a neighbour."""
    plain = {name: _plain(value) for name, value in query.items()}
    history = plain[features.ITEM_ID]
    given = {given: plain[name] for name, given in build.given_as(definition).items()}
    return [
        ["serving_default", {features.USER_ID: plain[features.USER_ID]}],
        ["recommend", {**given, EXCLUDE_ITEM_IDS: history}],
        ["recommend_history", {HISTORY_ITEM_IDS: history}],
        ["serving_default", {features.USER_ID: [UNKNOWN_USER]}],
        ["similar", {features.ITEM_ID: [row[0] for row in history if row[:1] != [""]][:1]}],
    ]


def _plain(value: np.ndarray) -> list:
    """Returns an array as nested lists, byte strings decoded."""
    if value.dtype != object:
        return value.tolist()
    texts = np.array([text.decode() for text in value.ravel()], object)
    return texts.reshape(value.shape).tolist()


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
    definition: Definition,
    catalogue: records.Items,
    towers: tf.Module,
    prior: np.ndarray,
    exact: bool,
) -> list[str]:
    """Returns every difference between the answers and the trained towers."""
    by_id, by_query, by_history, nobody, neighbours = answers
    history = tf.constant(query[features.ITEM_ID])
    ids_alone = {n: v.numpy() for n, v in queries.nobody(definition, history).items()}
    without_id = {**query, features.USER_ID: np.full_like(query[features.USER_ID], b"")}
    shown = {n: tf.constant(v) for n, v in query.items()}
    seen = queries.seen(shown, definition).numpy()
    seen_of_ids = queries.seen({n: tf.constant(v) for n, v in ids_alone.items()}, definition)
    vectors = build.embed_catalogue(towers, catalogue)
    problems = []
    for asked, answer, left_out in (
        (query, by_id, seen),
        (without_id, by_query, query[features.ITEM_ID]),
        (ids_alone, by_history, seen_of_ids.numpy()),
    ):
        embedded = towers.embed_query({k: tf.constant(v) for k, v in asked.items()})
        known = embedded["known"].numpy()
        scores = embedded["embedding"].numpy() @ vectors.T + prior
        if answer[KNOWN_USER] != known.tolist():
            problems.append(f"known_user is {answer[KNOWN_USER]}, expected {known.tolist()}")
        for row in np.flatnonzero(known):
            problems += compare(
                query[features.USER_ID][row].decode(),
                answer[ITEM_IDS][row],
                catalogue.item_id,
                scores[row],
                set(left_out[row]),
                exact,
            )
    if nobody[KNOWN_USER] != [False] or not nobody[TITLES][0][0]:
        problems.append("an unknown user is not answered by what is popular")
    if not neighbours[ITEM_IDS]:
        problems.append("similar items are missing")
    return problems


def _prior(
    trend: popularity.Trend, timelines: np.ndarray, catalogue: records.Items, definition: Definition
) -> np.ndarray:
    """Returns what the bundle must have added to the towers' scores, `[items]` float32."""
    if not trend.weight:
        return np.zeros(len(catalogue.item_id), np.float32)
    whole = records.with_labels_as_history(timelines, definition)
    return trend.prior(build.recent_counts(whole, catalogue, trend))


def _sample(timelines: np.ndarray) -> np.ndarray:
    """Returns up to `PROBED_USERS` timelines, evenly spread."""
    count = min(PROBED_USERS, len(timelines))
    return timelines[np.linspace(0, len(timelines) - 1, count).astype(int)]
