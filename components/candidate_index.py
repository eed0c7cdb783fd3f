"""CandidateIndex: turns trained towers and the catalogue into the bundle that is served."""

import os

import tensorflow as tf
from absl import logging
from tfx import v1 as tfx
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.bundle import build, records
from transform import features


@tfx.dsl.components.component
def CandidateIndex(
    model: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Model],
    movies: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Examples],
    timelines: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Examples],
    bundle: tfx.dsl.components.OutputArtifact[tfx.types.standard_artifacts.Model],
    k: tfx.dsl.components.Parameter[int] = 100,
    exclude_seen: tfx.dsl.components.Parameter[bool] = True,
    code_version: tfx.dsl.components.Parameter[str] = "",
) -> None:
    """Embeds the whole catalogue and writes query model, index and fallback as one SavedModel.

    Run without a Trainer in front it is the refresh: new movies go live without training.

    Args:
        model: The trained towers.
        movies: Raw movies, all of them.
        timelines: Raw timelines; those of `test` hold all that is known of every user.
        bundle: The SavedModel that is served.
        k: Movies in an answer.
        exclude_seen: Whether the measurement leaves out movies of the history, as serving does.
        code_version: Changes when the code does, so that a cached bundle is not reused then.
    """
    del code_version
    catalogue = records.read_movies([_files(movies, features.CATALOGUE)])
    users = records.read_examples([_files(timelines, features.TEST)])
    towers = tf.saved_model.load(path_utils.serving_model_path(model.uri))
    logging.info("Indexing %d movies for %d users.", len(catalogue.movie_id), len(users))
    built = build.build(towers, catalogue, users, k, exclude_seen)
    build.save(built, path_utils.serving_model_dir(bundle.uri))


def _files(examples: tfx.types.standard_artifacts.Examples, split: str) -> str:
    return os.path.join(artifact_utils.get_split_uri([examples], split), "*")
