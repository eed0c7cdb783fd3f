"""Inputs of the bundle, read from the artifacts of the ExampleGens."""

import json
import os

import numpy as np
from tfx import v1 as tfx
from tfx.types import artifact_utils

from components.bundle import records
from transform import features


def read_catalogue(
    items: tfx.types.standard_artifacts.Examples, withdrawn: str = "[]"
) -> records.Items:
    """Returns the catalogue without the withdrawn items.

    Args:
        items: Raw items.
        withdrawn: Ids of items that must not be recommended, a JSON list.
    """
    catalogue = records.read_items([_files(items, features.CATALOGUE)])
    ids = frozenset(item_id.encode() for item_id in json.loads(withdrawn))
    return catalogue.without(ids) if ids else catalogue


def read_timelines(timelines: tfx.types.standard_artifacts.Examples) -> np.ndarray:
    """Returns the `[users]` raw timelines of `test`, which hold all that is known of every user."""
    return records.read_examples([_files(timelines, features.TEST)])


def _files(examples: tfx.types.standard_artifacts.Examples, split: str) -> str:
    return os.path.join(artifact_utils.get_split_uri([examples], split), "*")
