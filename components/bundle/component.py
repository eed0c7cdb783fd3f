"""CandidateIndex: turns trained towers and the catalogue into the bundle that is served."""

import datetime
import hashlib
import json

import numpy as np
import tensorflow as tf
from absl import logging
from tfx import v1 as tfx
from tfx.utils import path_utils

from components.bundle import build, inputs, manifest, popularity, records, warm_up
from components.bundle import towers as kept_towers
from transform import features


@tfx.dsl.components.component
def CandidateIndex(
    model: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Model],
    movies: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Examples],
    timelines: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Examples],
    bundle: tfx.dsl.components.OutputArtifact[tfx.types.standard_artifacts.Model],
    inverted_from: tfx.dsl.components.Parameter[int],
    probes: tfx.dsl.components.Parameter[int],
    k: tfx.dsl.components.Parameter[int] = 100,
    exclude_seen: tfx.dsl.components.Parameter[bool] = True,
    split: tfx.dsl.components.Parameter[str] = "{}",
    trend: tfx.dsl.components.Parameter[str] = "{}",
    withdrawn: tfx.dsl.components.Parameter[str] = "",
    code_version: tfx.dsl.components.Parameter[str] = "",
) -> None:
    """Embeds the whole catalogue and writes query model, index and fallback as one SavedModel.

    Beside it lie the warm-up file, the towers as they came, and the manifest. Run without a Trainer
    in front it is the refresh: new movies go live without training.

    Args:
        model: The trained towers.
        movies: Raw movies, all of them.
        timelines: Raw timelines; those of `test` hold all that is known of every user.
        bundle: The SavedModel that is served.
        inverted_from: Movies from which on the index is an inverted file.
        probes: Lists of it that a query looks into.
        k: Movies in an answer.
        exclude_seen: Whether the measurement leaves out movies of the history, as serving does.
        split: How `timelines` were split, JSON; told in the manifest.
        trend: What popularity of late does to answers, JSON.
        withdrawn: Ids of movies that must not be recommended, with commas between them.
        code_version: Changes when the code does, so that a cached bundle is not reused then.
    """
    catalogue = inputs.read_catalogue(movies, withdrawn)
    users = inputs.read_timelines(timelines)
    towers_path = path_utils.serving_model_path(model.uri)
    towers = tf.saved_model.load(towers_path)
    logging.info("Indexing %d movies for %d users.", len(catalogue.movie_id), len(users))
    inverted = len(catalogue.movie_id) >= inverted_from
    built = build.build(
        towers,
        catalogue,
        users,
        k,
        exclude_seen,
        probes=probes if inverted else None,
        trend=popularity.Trend(**json.loads(trend)),
    )
    path = path_utils.serving_model_dir(bundle.uri)
    build.save(built, path)

    warm_up.write(path, users, catalogue)
    kept_towers.pack(towers_path, path)
    when = records.timestamps(users)
    manifest.write(
        path,
        manifest.Manifest(
            towers={
                "sha256": manifest.fingerprint(manifest.checksums(towers_path)),
                "run": model.get_string_custom_property(features.TRAINING_RUN),
            },
            data={
                "timelines": fingerprint(users),
                "movies": fingerprint(catalogue.examples),
                "first_rating": utc(when.min()) if len(when) else "",
                "last_rating": utc(when.max()) if len(when) else "",
                "span": timelines.get_int_custom_property(features.SPAN),
            },
            counts={
                "users": len(users),
                "movies": len(catalogue.movie_id),
                "ratings": len(when),
            },
            # Kubeflow passes True as 1.
            evaluation={"split": json.loads(split), "exclude_seen": bool(exclude_seen)},
            settings={
                "k": k,
                "trend": json.loads(trend),
                "withdrawn": sorted(movie_id.decode() for movie_id in catalogue.withdrawn),
                "index": manifest.INVERTED_FILE if inverted else manifest.EXACT,
                "code_version": code_version,
            },
            files=manifest.checksums(path),
        ),
    )


def fingerprint(examples: np.ndarray) -> str:
    """Returns a hash over `[any]` serialized examples, whatever their order."""
    digest = hashlib.sha256()
    for example in sorted(examples):
        digest.update(len(example).to_bytes(8, "big") + example)
    return digest.hexdigest()


def utc(seconds: int) -> str:
    """Returns seconds since 1970 as ISO 8601."""
    return datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc).isoformat()
