"""Requests of the canary, and the bare process that answers them."""

import collections
import json
import math
import pathlib
import subprocess
import sys
from typing import Any

import numpy as np
import tensorflow as tf

from components.bundle import records, signatures, warm_up
from components.bundle.answers import EXCLUDE_ITEM_IDS, HISTORY_ITEM_IDS
from components.bundle.filter_terms import filterable
from transform import features
from transform.definition import Definition
from transform.kinds import Number

PROBE = pathlib.Path(__file__).with_name("probe.py")
TIMEOUT_SECONDS = 600
MINUTE = 60
UNKNOWN_USER = "canary: nobody has this id"

Requests = list[tuple[str, dict[str, list[Any]]]]
"""Name of a signature, and its inputs by name."""

Answers = list[dict[str, list[Any]]]
"""Outputs of each request, by name."""


def make(
    query: dict[str, np.ndarray], catalogue: records.Items, definition: Definition
) -> Requests:
    """Returns the requests that `expectation.Expectation` judges, in its order.

    Args:
        query: Queries of known users, as `queries.parse` returns them.
        catalogue: The whole catalogue.
        definition: Definition of the data set.
    """
    parts = {name: _plain(value) for name, value in query.items()}
    history = parts[features.ITEM_ID]
    names = signatures.input_names(definition)
    inputs = {given: parts[name] for name, given in names.items()}
    made: Requests = [
        ("serving_default", {features.USER_ID: parts[features.USER_ID]}),
        (
            "recommend_user",
            {
                features.USER_ID: parts[features.USER_ID],
                features.REQUEST_TIME: request_times(query).tolist(),
                EXCLUDE_ITEM_IDS: [[""] for _ in parts[features.USER_ID]],
            },
        ),
        ("recommend", {**inputs, EXCLUDE_ITEM_IDS: history}),
        ("recommend_history", {HISTORY_ITEM_IDS: history}),
        ("serving_default", {features.USER_ID: [UNKNOWN_USER]}),
        ("similar", {features.ITEM_ID: _plain(catalogue.item_id[:1])}),
    ]
    term, _ = filter_of(catalogue, definition)
    if term:
        sides = {features.REQUIRE: [[term]] * len(history), features.FORBID: [[""]] * len(history)}
        filtered = {**inputs, EXCLUDE_ITEM_IDS: history, **sides}
        made.append((signatures.FILTERED["recommend"], filtered))
    return made


def filter_of(catalogue: records.Items, definition: Definition) -> tuple[str, frozenset[bytes]]:
    """Returns the term of a filter that something passes, and the ids of what does not pass it.

    The term is "" where the definition marks no feature that an item has.

    Args:
        catalogue: The whole catalogue.
        definition: Definition of the data set.
    """
    for name, feature in filterable(definition).items():
        stored = [
            tf.train.Example.FromString(item).features.feature[name] for item in catalogue.examples
        ]
        if isinstance(feature, Number):
            numbers = [each.float_list.value for each in stored]
            known = sorted(each[0] for each in numbers if each)
            bound = known[len(known) // 2] if known else math.inf
            passes = [bool(each) and each[0] >= bound for each in numbers]
            term = f"{name}>={bound:.9g}"  # digits enough for a float32
        else:
            texts = [each.bytes_list.value for each in stored]
            counts = collections.Counter(text for each in texts for text in each)
            value = counts.most_common(1)[0][0] if counts else b""
            passes = [value in each for each in texts]
            term = f"{name}={value.decode()}"
        if any(passes):
            left_out = frozenset(catalogue.item_id[~np.array(passes)].tolist())
            return term, left_out
    return "", frozenset()


def request_times(query: dict[str, np.ndarray]) -> np.ndarray:
    """Returns `[batch]` int64 times at which users ask: a minute after their last event."""
    times = query[features.TIME]
    return np.max(times, axis=1, initial=0) + MINUTE


def ask(bundle: str, requests: Requests) -> Answers:
    """Returns the answers of a bare process that first answers the warm-up file.

    Args:
        bundle: Path of the bundle's SavedModel.
        requests: Requests, as `make` returns them.

    Raises:
        ValueError: The process failed; the message holds the end of its standard error.
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


def _plain(value: np.ndarray) -> list[Any]:
    """Returns an array as nested lists, byte strings decoded."""
    if value.dtype != object:
        return value.tolist()
    texts = np.array([text.decode() for text in value.ravel()], object)
    return texts.reshape(value.shape).tolist()
