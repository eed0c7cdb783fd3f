"""CandidateIndex: the bundle that is served, from trained towers and the catalogue."""

import datetime
import hashlib
import json

import numpy as np
import tensorflow as tf
from absl import logging
from tfx import v1 as tfx
from tfx.utils import path_utils

from components.bundle import build, inputs, manifest, popularity, records, signatures, warm_up
from components.bundle import towers as kept_towers
from transform import features
from transform.definition import from_json


@tfx.dsl.components.component
def CandidateIndex(
    model: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Model],
    items: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Examples],
    timelines: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Examples],
    bundle: tfx.dsl.components.OutputArtifact[tfx.types.standard_artifacts.Model],
    definition: tfx.dsl.components.Parameter[str],
    inverted_from: tfx.dsl.components.Parameter[int],
    probes: tfx.dsl.components.Parameter[int],
    max_batch: tfx.dsl.components.Parameter[int],
    k: tfx.dsl.components.Parameter[int] = 100,
    exclude_seen: tfx.dsl.components.Parameter[bool] = True,
    split: tfx.dsl.components.Parameter[str] = "{}",
    trend: tfx.dsl.components.Parameter[str] = "{}",
    withdrawn: tfx.dsl.components.Parameter[str] = "[]",
    code_version: tfx.dsl.components.Parameter[str] = "",
) -> None:
    """Embeds the whole catalogue and writes query model, index and fallback as one SavedModel.

    Beside it lie the warm-up file, the towers as they came, and the manifest. Run without a Trainer
    in front it is the refresh: new items go live without training.

    Args:
        model: The trained towers.
        items: Raw items, the whole catalogue.
        timelines: Raw timelines; those of `test` hold all that is known of every user.
        bundle: The SavedModel that is served.
        definition: Definition of the data set, JSON.
        inverted_from: Number of items from which on the index is an IVF index.
        probes: Lists of an IVF index that a query searches (`nprobe`).
        max_batch: Largest number of rows of a request.
        k: Number of items in an answer.
        exclude_seen: Whether the measurement leaves out seen items, as serving does.
        split: How `timelines` were split, JSON; written to the manifest.
        trend: How recent popularity changes answers, JSON.
        withdrawn: Ids of items that must not be recommended, a JSON list.
        code_version: Hash of the code that the component runs, so that a cached bundle is not
            reused after an edit.
    """
    data_set = from_json(definition)
    catalogue = inputs.read_catalogue(items, withdrawn)
    users = inputs.read_timelines(timelines)
    towers_path = path_utils.serving_model_path(model.uri)
    towers = tf.saved_model.load(towers_path)
    logging.info("Indexing %d items for %d users.", len(catalogue.item_id), len(users))
    approximate = len(catalogue.item_id) >= inverted_from
    built = build.build(
        towers,
        catalogue,
        users,
        data_set,
        k,
        exclude_seen,
        nprobe=probes if approximate else None,
        trend=popularity.Trend(**json.loads(trend)),
    )
    path = path_utils.serving_model_dir(bundle.uri)
    signatures.save(built, path, max_batch)
    warm_up.write(path, catalogue, data_set)
    kept_towers.pack(towers_path, path)
    times = records.times(users)
    manifest.write(
        path,
        manifest.Manifest(
            towers={
                "sha256": manifest.fingerprint(manifest.checksums(towers_path)),
                "run": model.get_string_custom_property(features.TRAINING_RUN),
            },
            data={
                "timelines": fingerprint(users),
                "items": fingerprint(catalogue.examples),
                "first_event": utc(times.min()) if len(times) else "",
                "last_event": utc(times.max()) if len(times) else "",
                "span": timelines.get_int_custom_property(features.SPAN),
            },
            counts={
                "users": len(users),
                "items": len(catalogue.item_id),
                "events": len(times),
            },
            # Kubeflow passes True as 1.
            evaluation={"split": json.loads(split), "exclude_seen": bool(exclude_seen)},
            settings={
                "k": k,
                signatures.MAX_BATCH: max_batch,
                "trend": json.loads(trend),
                "withdrawn": sorted(item_id.decode() for item_id in catalogue.withdrawn),
                "index": manifest.IVF if approximate else manifest.EXACT,
                "code_version": code_version,
            },
            definition=json.loads(definition),
            files=manifest.checksums(path),
        ),
    )


def fingerprint(examples: np.ndarray) -> str:
    """Returns a hash of `[any]` serialized examples that does not depend on their order."""
    digest = hashlib.sha256()
    for example in sorted(examples):
        digest.update(len(example).to_bytes(8, "big") + example)
    return digest.hexdigest()


def utc(seconds: int) -> str:
    """Returns seconds since 1970 as ISO 8601."""
    return datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc).isoformat()
