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
from pipeline.inference.pushed_bundle import ask
from serving.client import query_inputs
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
    bundle: str,
    version: int,
    out: pathlib.Path,
    k: int,
    beam_args: Sequence[str] = (),
    require: Sequence[str] = (),
    forbid: Sequence[str] = (),
) -> tuple[int, int]:
    """Writes the recommendations of every user that a bundle knows.

    Args:
        bundle: Path of the bundle.
        version: Number of the version, a column of the output.
        out: Path of the output file, which appears whole or not at all.
        k: Largest number of items for a user. Who has seen almost all of them gets fewer.
        beam_args: Beam's pipeline options; by default Beam runs in this process.
        require: Terms of a filter, the same for all users.
        forbid: Terms of which an item must meet none.

    Returns:
        The number of users, and of rows.

    Raises:
        ValueError: `k` is more than the bundle answers, the file can't be written there, or the
            bundle refuses the filter.
    """
    terms = query_inputs.terms(require, forbid) if require or forbid else {}
    users, answered = _users(bundle, terms)
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
                | "Recommend"
                >> beam.ParDo(Recommend(bundle, version, k, parts, shared.Shared(), terms))
            )
        rows = _join([_part(parts, number) for number, _ in batches], out, parts)
    finally:
        shutil.rmtree(parts)
    return len(users), rows


class Recommend(beam.DoFn):
    """Recommends items to a batch of users, and writes the rows to a file of the batch."""

    def __init__(
        self,
        bundle: str,
        version: int,
        k: int,
        parts: str,
        handle: shared.Shared,
        terms: query_inputs.Inputs,
    ) -> None:
        """Configures the requests and the output.

        Args:
            bundle: Path of the bundle.
            version: Number of the version.
            k: Largest number of items for a user.
            parts: Folder of the batches' files.
            handle: Handle by which the threads of a worker share one bundle.
            terms: Inputs of a filter, for one row; empty: none.
        """
        self._bundle = bundle
        self._version = version
        self._k = k
        self._parts = parts
        self._handle = handle
        self._terms = terms

    def setup(self) -> None:
        """Loads the bundle, once per worker."""
        self._loaded = self._handle.acquire(lambda: _Loaded(self._bundle, self._terms))

    def process(self, batch: Batch) -> Iterator[Any]:
        """Writes the file of a batch."""
        number, users = batch
        table = rows(users, self._loaded.ask(users), self._k)
        table = table.append_column("version", pa.array([self._version] * len(table), pa.int64()))
        path = _part(self._parts, number)
        pq.write_table(table.cast(SCHEMA), f"{path}.tmp")
        os.replace(f"{path}.tmp", path)  # a batch may be tried twice
        yield from ()


class _Loaded:
    """A bundle in memory; a class, as `Shared` needs something that can be referred to weakly."""

    def __init__(self, path: str, terms: query_inputs.Inputs) -> None:
        self.model = tf.saved_model.load(path)
        self._terms = terms

    def ask(self, users: Sequence[bytes]) -> dict[str, np.ndarray]:
        """Returns recommendations for users, by output; see `rows`.

        Raises:
            RequestRefused: The bundle refuses the filter.
        """
        inputs = {features.USER_ID: tf.constant(users, tf.string)}
        if self._terms:
            inputs |= {
                name: tf.repeat(tf.constant(side), len(users), axis=0)
                for name, side in self._terms.items()
            }
            inputs[features.REQUEST_TIME] = tf.zeros([len(users)], tf.int64)
            inputs[features.EXCLUDE_ITEM_IDS] = tf.fill([len(users), 1], "")
        name = signatures.FILTERED["recommend_user"] if self._terms else "serving_default"
        return ask(self.model.signatures, name, inputs)


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


def _users(bundle: str, terms: query_inputs.Inputs) -> tuple[list[bytes], int]:
    """Returns the ids of all users in order, and the number of items in an answer.

    Raises:
        RequestRefused: The bundle refuses the filter.
    """
    loaded = _Loaded(bundle, terms)
    spec = {features.USER_ID: tf.io.FixedLenFeature([], tf.string)}
    stored = tf.io.parse_example(loaded.model.answers.timelines, spec)[features.USER_ID].numpy()
    sample = loaded.ask(stored[:1])
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
