"""A bundle without some of its users, who are unknown to it then.

It is the same graph with other data, not built anew: an earlier version may come from code that is
gone, and the index stays as it was trained. What stays of a person is in sums over all: weights,
and counts of events.
"""

import dataclasses
import json
import os
import tempfile
from collections.abc import Collection

import numpy as np
import tensorflow as tf
from tfx.dsl.io import fileio
from tfx.utils import io_utils

from components.bundle import manifest, records, towers, warm_up
from components.bundle.component import fingerprint, utc
from components.erasure import table_keys, vocabularies
from components.erasure.checkpoint import PREFIX, Checkpoint
from components.erasure.values import values_of_nobody_else
from transform import features
from transform.definition import from_json

TOWERS = ("answers", "towers")  # attributes from the root of the bundle
TIMELINES = ("answers", "timelines")
ITEMS = ("answers", "items")
USERS = ("answers", "user_row")
FINGERPRINT = "fingerprint.pb"  # TensorFlow's, of the graph as it was; nothing needs it

Entries = dict[str, set[bytes]]


def held(bundle: str, users: Collection[bytes]) -> set[bytes]:
    """Returns the users that a bundle holds anything of: a timeline, or a row of the towers.

    Args:
        bundle: Path of the bundle's SavedModel.
        users: Ids.
    """
    known = {*table_keys.read(bundle, USERS), *vocabularies.read(bundle, features.USER_ID)}
    return known & set(users)


def erase(bundle: str, target: str, users: Collection[bytes]) -> None:
    """Writes a bundle as it is without some users: ids, features, timelines and embeddings.

    A value of a feature that nobody else has leaves the vocabulary with them, and the warm-up file
    is written anew. All other answers stay the same.

    Args:
        bundle: Path of the bundle's SavedModel, which has a manifest of today's format.
        target: Path of the new one, a folder that is not there yet.
        users: Ids.
    """
    described = manifest.read(bundle)
    assert described is not None  # the caller has compared the files with it
    definition = from_json(json.dumps(described.definition))
    checkpoint = Checkpoint(bundle)
    timelines = _read(checkpoint, TIMELINES)
    gone = np.isin(_user_ids(timelines), list(users))
    entries = values_of_nobody_else(timelines[gone], timelines[~gone], definition)
    entries[features.USER_ID] = set(users)

    left = timelines.copy()
    left[gone] = _nobody()
    _erase_towers(bundle, target, entries, TOWERS, {TIMELINES: left})
    table_keys.rewrite(bundle, target, USERS, lambda keys: vocabularies.erase(keys, users))
    copy_rest(bundle, target, {towers.PATH, warm_up.PATH, manifest.PATH, FINGERPRINT})
    with tempfile.TemporaryDirectory() as folder:
        sha256 = _pack_towers(bundle, target, entries, folder)
    known = warm_up.signatures_of(bundle)
    warm_up.write(target, _catalogue(checkpoint), definition, known)
    changed = _describe(described, timelines[~gone]) if gone.any() else described
    manifest.write(
        target,
        dataclasses.replace(
            changed,
            towers={**described.towers, **({"sha256": sha256} if sha256 else {})},
            files=manifest.checksums(target),
        ),
    )


def _erase_towers(
    model: str,
    target: str,
    entries: Entries,
    root: tuple[str, ...] = (),
    others: dict[tuple[str, ...], np.ndarray] | None = None,
) -> None:
    """Writes variables and vocabularies of a model that holds towers.

    Args:
        model: Path of the SavedModel.
        target: Path of the new one.
        entries: By vocabulary, those to erase.
        root: Attributes from the root of the model to the towers.
        others: New values of other variables, by their attributes.
    """
    checkpoint = Checkpoint(model)
    changes = {}
    for path, value in (others or {}).items():
        key = checkpoint.find(*path)
        assert key is not None  # it was read from there
        changes[key] = value
    for name, erased in entries.items():
        before = vocabularies.read(model, name)
        if not before:
            continue
        vocabularies.write(target, name, vocabularies.erase(before, erased))
        rows = [row for row, entry in enumerate(before) if entry in erased]
        key = checkpoint.find(*root, "query", "_user_features", name, "variables", "0")
        if key and rows:
            changes[key] = checkpoint.read(key).copy()
            changes[key][rows] = 0
    checkpoint.write(target, changes)


def _pack_towers(bundle: str, target: str, entries: Entries, folder: str) -> str:
    """Packs the towers of a bundle into another, and returns their fingerprint; "" without any.

    Args:
        bundle: Path of the bundle.
        target: Path of the other.
        entries: By vocabulary, those to erase.
        folder: An empty one, to work in.
    """
    if not fileio.exists(os.path.join(bundle, towers.PATH)):
        return ""
    before, after = (os.path.join(folder, name) for name in ("before", "after"))
    towers.unpack(bundle, before)
    _erase_towers(before, after, entries)
    copy_rest(before, after, set())
    towers.pack(after, target)
    return manifest.fingerprint(manifest.checksums(after))


def copy_rest(source: str, target: str, without: set[str]) -> None:
    """Copies the files of a model that are not in the target yet, but for its variables.

    Args:
        source: Path of the model.
        target: Path of the other.
        without: Files that are left out besides, by their path inside the model.
    """
    for name in manifest.checksums(source):
        path = os.path.join(target, name)
        if name in without or name.startswith(PREFIX) or fileio.exists(path):
            continue
        fileio.makedirs(os.path.dirname(path))
        io_utils.copy_file(os.path.join(source, name), path)


def _describe(described: manifest.Manifest, timelines: np.ndarray) -> manifest.Manifest:
    """Returns a manifest that tells of fewer timelines; the erased ones of earlier are empty."""
    left = timelines[_user_ids(timelines) != b""]
    times = records.times(left)
    data = {
        "timelines": fingerprint(left),
        "first_event": utc(times.min()) if len(times) else "",
        "last_event": utc(times.max()) if len(times) else "",
    }
    counts = {"users": len(left), "events": len(times)}
    return dataclasses.replace(
        described, data={**described.data, **data}, counts={**described.counts, **counts}
    )


def _catalogue(checkpoint: Checkpoint) -> records.Items:
    examples = _read(checkpoint, ITEMS)
    item_id, title = (_read(checkpoint, ("answers", name)) for name in ("item_id", "title"))
    return records.Items(examples, item_id, title)


def _read(checkpoint: Checkpoint, path: tuple[str, ...]) -> np.ndarray:
    key = checkpoint.find(*path)
    if key is None:
        raise ValueError(f"There is no variable {'.'.join(path)} in the bundle.")
    return checkpoint.read(key)


def _user_ids(timelines: np.ndarray) -> np.ndarray:
    """Returns the ids of `[users]` serialized timelines, `[users]` bytes; of erased ones b""."""
    spec = {features.USER_ID: tf.io.FixedLenFeature([], tf.string)}
    ids: np.ndarray = tf.io.parse_example(timelines, spec)[features.USER_ID].numpy()
    return ids


def _nobody() -> bytes:
    """Returns a timeline without anything but an empty id."""
    example = tf.train.Example()
    example.features.feature[features.USER_ID].bytes_list.value.append(b"")
    return example.SerializeToString()
