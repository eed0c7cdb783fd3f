"""Titles, features, histories and vectors of a version, read from its folder for the page."""

import dataclasses
import os
from typing import Any

import numpy as np
import tensorflow as tf

from serving.client import bundle_definition
from serving.page import details, facets
from transform import features
from transform.definition import Definition

VARIABLES = os.path.join("variables", "variables")
FILTERS = "answers/filters/"  # variables of a bundle that knows filters


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """The items and the users of one version of the bundle."""

    definition: Definition
    """Of the data set: the words for people, and which features an item has."""

    titles: dict[str, str]
    """Title by item id, in the order of the index."""

    items: np.ndarray
    """`[items]` bytes, serialized raw items, in the same order."""

    directions: np.ndarray
    """`[items, dim]` float32 item vectors of length one, in the same order."""

    points: np.ndarray
    """`[items, 2]` float32 coordinates on the map, each in -1…1."""

    histories: dict[str, bytes]
    """Serialized timeline by user id."""

    rows: dict[str, int]
    """Row of the index by item id."""

    facets: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    """What recommendations may be filtered by; see `facets.read`."""

    def history(self, user_id: str) -> list[str]:
        """Returns the items of a user's history, latest first and each once; none for strangers."""
        example = tf.train.Example.FromString(self.histories.get(user_id, b""))
        past = example.features.feature[features.ITEM_ID].bytes_list.value
        return list(dict.fromkeys(item_id.decode() for item_id in reversed(past)))

    def details(self, item_id: str) -> dict[str, str]:
        """Returns what people are shown of an item beside its title, by feature; see `details`."""
        if item_id not in self.rows:
            return {}
        return details.describe(self.items[self.rows[item_id]], self.definition)

    def nearest(self, item_id: str, among: list[str], count: int) -> list[tuple[str, float]]:
        """Returns the items of `among` that are most similar to an item, with their cosines."""
        rows = [self.rows[other] for other in among if other in self.rows and other != item_id]
        if item_id not in self.rows or not rows:
            return []
        cosines = self.directions[rows] @ self.directions[self.rows[item_id]]
        ids = list(self.titles)
        best = np.argsort(-cosines, kind="stable")[:count]
        return [(ids[rows[position]], float(cosines[position])) for position in best]


def read(path: str) -> Catalogue:
    """Reads the catalogue from a bundle's variables; the model is not loaded.

    Args:
        path: Path of a version's folder.

    Raises:
        ValueError: The folder holds no bundle of this pipeline.
    """
    definition = bundle_definition.read(path)
    item_id, title, items, timelines, directions = _variables(
        path, "item_id", "title", "items", "timelines", "directions/_rows"
    )
    ids = [each.decode() for each in item_id]
    filtered = _has(path, FILTERS)
    directions = directions[: len(ids)]  # a large index is padded to whole blocks
    return Catalogue(
        definition=definition,
        titles=dict(zip(ids, (each.decode() for each in title), strict=True)),
        items=items,
        directions=directions,
        points=plane(directions),
        histories={user: each for each in timelines if (user := _user_id(each))},
        rows={each: row for row, each in enumerate(ids)},
        facets=facets.read(items, definition) if filtered else [],
    )


def any_user(path: str) -> str:
    """Returns the id of some user that a bundle knows; empty if all were forgotten.

    Args:
        path: Path of a version's folder.

    Raises:
        ValueError: The folder holds no bundle of this pipeline.
    """
    (timelines,) = _variables(path, "timelines")
    return next((user for each in timelines if (user := _user_id(each))), "")


def plane(vectors: np.ndarray) -> np.ndarray:
    """Projects vectors onto their first two principal components.

    Args:
        vectors: `[any, dim]` float32.

    Returns:
        `[any, 2]` float32, each axis scaled to -1…1.
    """
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :2]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])])
    points = np.zeros((len(vectors), 2), np.float32)
    points[:, : axes.shape[1]] = centred @ axes
    least, span = points.min(axis=0), np.ptp(points, axis=0)
    return 2 * (points - least) / np.where(span > 0, span, 1) - 1


def _variables(path: str, *names: str) -> list[np.ndarray]:
    """Returns variables of the bundle in the folder of a version.

    Raises:
        ValueError: It has none of a name.
    """
    try:
        stored = tf.train.load_checkpoint(os.path.join(path, VARIABLES))
        return [stored.get_tensor(f"answers/{name}/.ATTRIBUTES/VARIABLE_VALUE") for name in names]
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        raise ValueError(f"{path} holds no bundle of this pipeline: {error}") from error


def _has(path: str, prefix: str) -> bool:
    """Returns whether a variable of the bundle in a folder begins so."""
    stored = tf.train.load_checkpoint(os.path.join(path, VARIABLES))
    return any(name.startswith(prefix) for name in stored.get_variable_to_shape_map())


def _user_id(timeline: bytes) -> str:
    example = tf.train.Example.FromString(timeline)
    return example.features.feature[features.USER_ID].bytes_list.value[0].decode()
