"""Recommendations for every user of a bundle, through Beam, in order, as one Parquet file.

The users go through Beam in numbered batches; each batch becomes a file of its own, whoever
computes it, and these are joined in order. Workers must see the file system of the output.
"""

import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.utils import shared

from components.bundle import answers, manifest, signatures
from transform import features

USERS_A_BATCH = 512
SCHEMA = pa.schema(
    [
        ("user_id", pa.string()),
        ("rank", pa.int32()),
        ("item_id", pa.string()),
        ("title", pa.string()),
        ("score", pa.float32()),
        ("version", pa.int64()),
    ]
)

Batch = tuple[int, list[bytes]]


def write(
    bundle: str, version: int, out: pathlib.Path, k: int, beam_args: Sequence[str] = ()
) -> tuple[int, int]:
    """Writes the recommendations of every user that a bundle knows.

    Args:
        bundle: Path of the bundle.
        version: Number of the version, a column of the output.
        out: Path of the output file, which appears whole or not at all.
        k: Largest number of items for a user. Who has seen almost all of them gets fewer.
        beam_args: Beam's pipeline options; by default Beam runs in this process.

    Returns:
        The number of users, and of rows.

    Raises:
        ValueError: `k` is more than the bundle answers, or the file can't be written there.
    """
    users, answered = _users(bundle)
    size = _batch_size(bundle)
    if not 1 <= k <= answered:
        raise ValueError(f"-k must be from 1 to {answered}, got {k}.")
    if not out.absolute().parent.is_dir():
        raise ValueError(f"There is no folder {out.absolute().parent} to write {out.name} into.")
    batches = [
        (number, users[first : first + size])
        for number, first in enumerate(range(0, len(users), size))
    ]
    parts = tempfile.mkdtemp(dir=out.absolute().parent, prefix=f".{out.name}-")
    try:
        options = PipelineOptions(list(beam_args))
        with beam.Pipeline(options=options) as pipeline:
            _ = (
                pipeline
                | "Batches" >> beam.Create(batches)
                | "Spread" >> beam.Reshuffle()
                | "Recommend" >> beam.ParDo(Recommend(bundle, version, k, parts, shared.Shared()))
            )
        rows = _join([_part(parts, number) for number, _ in batches], out, parts)
    finally:
        shutil.rmtree(parts)
    return len(users), rows


class Recommend(beam.DoFn):
    """Recommends items to a batch of users, and writes the rows to a file of the batch."""

    def __init__(
        self, bundle: str, version: int, k: int, parts: str, handle: shared.Shared
    ) -> None:
        """Configures the requests and the output.

        Args:
            bundle: Path of the bundle.
            version: Number of the version.
            k: Largest number of items for a user.
            parts: Folder of the batches' files.
            handle: Handle by which the threads of a worker share one bundle.
        """
        self._bundle = bundle
        self._version = version
        self._k = k
        self._parts = parts
        self._handle = handle

    def setup(self) -> None:
        """Loads the bundle, once per worker."""
        self._loaded = self._handle.acquire(lambda: _Loaded(self._bundle))

    def process(self, batch: Batch) -> Iterator[Any]:
        """Writes the file of a batch."""
        number, users = batch
        answer = self._loaded.signature(**{features.USER_ID: tf.constant(users)})
        table = rows(users, {name: value.numpy() for name, value in answer.items()}, self._k)
        table = table.append_column("version", pa.array([self._version] * len(table), pa.int64()))
        path = _part(self._parts, number)
        pq.write_table(table.cast(SCHEMA), f"{path}.tmp")
        os.replace(f"{path}.tmp", path)  # a batch may be tried twice
        yield from ()


class _Loaded:
    """A bundle in memory; a class, as `Shared` needs something that can be referred to weakly."""

    def __init__(self, path: str) -> None:
        self._model = tf.saved_model.load(path)
        self.signature = self._model.signatures["serving_default"]


def rows(users: Sequence[bytes], answer: dict[str, np.ndarray], k: int) -> pa.Table:
    """Returns a row for each recommendation, users in their order and best first.

    Args:
        users: `[users]` user ids.
        answer: Outputs of `serving_default` by name, `[users, at least k]`; an id is empty where no
            item is left.
        k: Largest number of items for a user.
    """
    ids = answer[answers.ITEM_IDS][:, :k]
    user, rank = np.nonzero(ids != b"")
    names = np.array(users, object)

    def texts(values: np.ndarray) -> pa.Array:
        return pa.array(values.tolist(), pa.binary()).cast(pa.string())

    return pa.table(
        {
            "user_id": texts(names[user]),
            "rank": pa.array(rank + 1, pa.int32()),
            "item_id": texts(ids[user, rank]),
            "title": texts(answer[answers.TITLES][user, rank]),
            "score": pa.array(answer[answers.SCORES][user, rank], pa.float32()),
        }
    )


def in_order(users: Sequence[bytes]) -> list[bytes]:
    """Returns user ids in ascending order: as numbers if all are numbers, else as bytes."""
    numbers = all(user.isdigit() for user in users)
    return sorted(users, key=(lambda user: (int(user), user)) if numbers else None)


def _users(bundle: str) -> tuple[list[bytes], int]:
    """Returns the ids of all users in order, and the number of items in an answer."""
    model = tf.saved_model.load(bundle)
    spec = {features.USER_ID: tf.io.FixedLenFeature([], tf.string)}
    stored = tf.io.parse_example(model.answers.timelines, spec)[features.USER_ID].numpy()
    sample = model.signatures["serving_default"](**{features.USER_ID: tf.constant(stored[:1])})
    users = [user for user in stored.tolist() if user]  # of the forgotten an empty id is left
    return in_order(users), sample[answers.ITEM_IDS].shape[1]


def _batch_size(bundle: str) -> int:
    """Returns the number of users of a request, which the bundle may limit."""
    described = manifest.read(bundle)
    limit = described.settings.get(signatures.MAX_BATCH) if described else None
    return min(USERS_A_BATCH, limit or USERS_A_BATCH)


def _part(parts: str, number: int) -> str:
    return os.path.join(parts, f"{number:08}.parquet")


def _join(paths: Sequence[str], out: pathlib.Path, parts: str) -> int:
    """Joins files in order into one, which appears whole; returns its number of rows."""
    whole = os.path.join(parts, "whole")
    count = 0
    with pq.ParquetWriter(whole, SCHEMA) as writer:
        for path in paths:
            table = pq.read_table(path)
            count += len(table)
            writer.write_table(table)
    os.replace(whole, out)
    return count
