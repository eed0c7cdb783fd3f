"""Canary: a trial of the bundle in a bare process, before it may be pushed.

It does what TFX's InfraValidator is for, which Kubeflow's compiler refuses: a bundle that loads
only beside the training code, or whose index does not belong to its towers, stops here.
"""

import os

import numpy as np
import tensorflow as tf
from absl import logging
from tfx import v1 as tfx
from tfx.utils import path_utils

from components.bundle import build, inputs, manifest, popularity, records
from components.canary import expectation, requests
from transform import queries
from transform.definition import Definition, from_json

PROBED_USERS = 32


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
        bundle: The bundle that would be pushed.
        model: The trained towers.
        items: Raw items, the whole catalogue.
        timelines: Raw timelines; those of `test` hold all that is known of every user.
        blessing: Whether the bundle may be pushed.
        definition: Definition of the data set, JSON.
        withdrawn: Ids of items that must not be recommended, a JSON list.
        code_version: Hash of the code that the component runs.

    Raises:
        ValueError: The bundle is not what its manifest says, does not load in a bare process, or
            answers otherwise.
    """
    del code_version
    data_set = from_json(definition)
    path = path_utils.serving_model_path(bundle.uri)
    settings = check_files(path).settings
    catalogue = inputs.read_catalogue(items, withdrawn)
    timelines_of_all = inputs.read_timelines(timelines)
    users = records.with_labels_as_history(_sample(timelines_of_all), data_set)
    trend = popularity.Trend(**settings["trend"])
    expected = expectation.Expectation(
        data_set,
        tf.saved_model.load(path_utils.serving_model_path(model.uri)),
        catalogue,
        _prior(trend, timelines_of_all, catalogue, data_set),
        exact=settings["index"] == manifest.EXACT,
    )
    query = {name: value.numpy() for name, value in queries.parse(users, data_set).items()}
    answers = requests.ask(path, requests.make(query, catalogue, data_set))
    problems = expected.problems(query, answers)
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
    """Compares the files of a bundle with its manifest, and returns the manifest.

    Raises:
        ValueError: They differ; the message names the first files that do.
    """
    problems = manifest.problems(bundle)
    if problems:
        raise ValueError(
            f"{bundle} is not what its manifest says, so it may not be pushed; run again, and if "
            "that does not help, remove the folder:\n  " + "\n  ".join(problems[:10])
        )
    described = manifest.read(bundle)
    assert described is not None  # a missing one is a problem
    return described


def _prior(
    trend: popularity.Trend, timelines: np.ndarray, catalogue: records.Items, definition: Definition
) -> np.ndarray:
    """Returns the summands of scores that the bundle must use, `[items]` float32."""
    if not trend.weight:
        return np.zeros(len(catalogue.item_id), np.float32)
    whole = records.with_labels_as_history(timelines, definition)
    return trend.prior(build.recent_counts(whole, catalogue, trend))


def _sample(timelines: np.ndarray) -> np.ndarray:
    """Returns up to `PROBED_USERS` timelines, evenly spread."""
    count = min(PROBED_USERS, len(timelines))
    return timelines[np.linspace(0, len(timelines) - 1, count).astype(int)]
