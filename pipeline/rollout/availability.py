"""Availability: a version that leaves out what can't be had today, made of the one that is served.

Its graph, vectors and measurements are those of the served version; one variable is another. So it
takes seconds, and neither training nor the index.
"""

import csv
import dataclasses
import datetime
import io
import os
import pathlib
import time
from collections.abc import Mapping

import numpy as np
from tfx.dsl.io import fileio

from components.bundle import manifest
from components.erasure.bundle import FINGERPRINT, copy_rest
from components.erasure.checkpoint import Checkpoint
from components.registry import placing, pusher, served_bundle

COLUMN = "available"
MEANINGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
UNAVAILABLE = ("answers", "unavailable")  # attributes from the root of the bundle
ITEM_ID = ("answers", "item_id")
SHOWN = 3


@dataclasses.dataclass(frozen=True)
class Published:
    """What was done."""

    version: int
    """The new version."""

    unavailable: int
    """Items that it leaves out."""

    items: int
    """Items of the catalogue."""


def publish(base: str, table: pathlib.Path, keep: int) -> Published:
    """Publishes a version that leaves out the unavailable items of a table.

    Args:
        base: Folder of the versions, which TensorFlow Serving watches.
        table: CSV file with the column of the item's id and `available`.
        keep: Number of versions to keep, the new one included.

    Raises:
        LookupError: Nothing is served.
        ValueError: The table can't be read, names an item that there is not, or makes all
            unavailable; or the served version is damaged or too old.
    """
    bundle, described = served_bundle.find_with_towers(base)
    checkpoint = Checkpoint(bundle)
    key, ids_key = (checkpoint.find(*path) for path in (UNAVAILABLE, ITEM_ID))
    if key is None or ids_key is None:
        raise ValueError(
            f"{bundle} was made before bundles knew availability; `movielens refresh` makes one "
            "that does."
        )
    positions = {each.decode(): place for place, each in enumerate(checkpoint.read(ids_key))}
    available = read(table, described.definition["item"]["id"], positions)
    left_out = sorted(positions[item_id] for item_id, had in available.items() if not had)
    if len(left_out) == len(positions):
        raise ValueError(f"{table}: no item is available; nothing would be left to recommend.")
    now = datetime.datetime.now(datetime.timezone.utc).isoformat("T", "seconds")
    with placing.incoming(base) as incoming:
        staged = os.path.join(incoming, str(int(time.time())))
        fileio.makedirs(staged)
        checkpoint.write(staged, {key: np.array(left_out, np.int64)})
        copy_rest(bundle, staged, {manifest.PATH, FINGERPRINT})
        settings = {**described.settings, "unavailable": len(left_out)}
        manifest.write(
            staged,
            dataclasses.replace(described, settings=settings, files=manifest.checksums(staged)),
        )
        push = {**described.push, "at": now, "availability_of": os.path.basename(bundle)}
        version = pusher.publish(base, staged, push, keep)
    return Published(version, len(left_out), len(positions))


def read(table: pathlib.Path, id_column: str, items: Mapping[str, int]) -> dict[str, bool]:
    """Returns whether each item of a table is available, by id.

    Args:
        table: CSV file, UTF-8, with a header.
        id_column: Name of the column of the id.
        items: The catalogue, by id.

    Raises:
        ValueError: A column is missing, a value has no meaning, an item is there twice or not in
            the catalogue; the message names file and line.
    """
    found: dict[str, bool] = {}
    unknown: list[str] = []
    try:
        text = table.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{table} is not UTF-8: {error}") from None
    with io.StringIO(text, newline="") as file:
        rows = csv.DictReader(file)
        columns = rows.fieldnames or []
        for column in (id_column, COLUMN):
            if column not in columns:
                raise ValueError(
                    f"{table}:1: there is no column {column!r}; the table needs {id_column!r} and "
                    f"{COLUMN!r}, got {', '.join(columns) or 'nothing'}."
                )
        for row in rows:
            place, item_id = f"{table}:{rows.line_num}", row[id_column] or ""
            said = (row[COLUMN] or "").strip().lower()
            if said not in MEANINGS:
                raise ValueError(
                    f"{place}: {COLUMN} must be one of {', '.join(MEANINGS)}, got {said!r}."
                )
            if item_id in found:
                raise ValueError(f"{place}: item {item_id!r} is there a second time.")
            found[item_id] = MEANINGS[said]
            if item_id not in items:
                unknown.append(f"{item_id!r} (line {rows.line_num})")
    if unknown:
        more = f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
        raise ValueError(
            f"{table}: not in the served catalogue: {', '.join(unknown[:SHOWN])}{more}. Leave "
            "these lines out, or `movielens refresh` with the data that has the items first."
        )
    return found
