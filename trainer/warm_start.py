"""Warm start: training begins with the weights of an earlier bundle, not with random ones.

A bundle holds the towers that it was made of, and the entries of each vocabulary as a file. Row
numbers change from day to day, so rows are matched by entry; an entry that is new begins as the
unseen one did, whose row was trained to stand for it.
"""

import os
import re

import numpy as np
import tensorflow as tf
from absl import logging

from trainer.model.two_tower import TwoTowerModel
from transform import features

WEIGHT = re.compile(r"(?:.*/)?towers/(query|candidate)/variables/(\d+)/\.ATTRIBUTES/.*")
COUNTED = (features.MOVIE_ID,)  # vocabularies whose lines are "COUNT ENTRY"

Vocabularies = dict[str, list[bytes]]
Weights = dict[tuple[str, int], np.ndarray]


def start_from(bundle: str, model: TwoTowerModel, vocabularies: Vocabularies) -> bool:
    """Gives a model the weights of a bundle.

    Args:
        bundle: Path of its SavedModel; there may be none.
        model: Was called once, so that it has variables.
        vocabularies: Entries of the model's tables in the order of their rows, by name.

    Returns:
        Whether it did. It does not where there is no bundle, or where that is of a model of another
        shape; the log says so, and training begins from nothing.
    """
    if not tf.io.gfile.exists(os.path.join(bundle, "saved_model.pb")):
        logging.info("There is no bundle to start from: training starts from nothing.")
        return False
    earlier = read_weights(bundle)
    wanted = places(model)
    tables = {id(table): name for name, table in model.tables()}
    for place in earlier.keys() & wanted.keys():
        name = tables.get(id(wanted[place]))
        if name:
            entries = read_vocabulary(bundle, name), vocabularies[name]
            earlier[place] = rearranged(earlier[place], *entries)
    shapes = [
        {place: tuple(weight.shape) for place, weight in weights.items()}
        for weights in (earlier, wanted)
    ]
    differing = sorted(dict(shapes[0].items() ^ shapes[1].items()))
    if differing:
        tower, number = differing[0]
        logging.warning(
            "%s is of a model of another shape (the first weight that differs is %d of the %s "
            "tower): training starts from nothing.",
            bundle,
            number,
            tower,
        )
        return False
    for place, variable in wanted.items():
        variable.assign(earlier[place])
    logging.info("Training starts from %s: %d arrays of weights.", bundle, len(wanted))
    return True


def places(model: TwoTowerModel) -> dict[tuple[str, int], tf.Variable]:
    """Returns every variable of the towers once, by tower and number: the first that has it.

    It is how a SavedModel names the weights of Keras layers.
    """
    found: dict[tuple[str, int], tf.Variable] = {}
    for tower in ("query", "candidate"):
        for number, variable in enumerate(getattr(model, tower).variables):
            if not any(variable is other for other in found.values()):
                found[tower, number] = variable
    return found


def read_weights(bundle: str) -> Weights:
    """Returns the weights of a bundle's towers by tower and number, as in `places`."""
    reader = tf.train.load_checkpoint(os.path.join(bundle, "variables", "variables"))
    matches = (WEIGHT.fullmatch(name) for name in reader.get_variable_to_shape_map())
    return {(match[1], int(match[2])): reader.get_tensor(match[0]) for match in matches if match}


def read_vocabulary(bundle: str, name: str) -> list[bytes]:
    """Returns the entries of a vocabulary of a bundle, in the order of their rows."""
    with tf.io.gfile.GFile(os.path.join(bundle, "assets", name), "rb") as file:
        lines = file.read().splitlines()
    return [line.split(b" ", 1)[1] for line in lines] if name in COUNTED else lines


def rearranged(table: np.ndarray, then: list[bytes], now: list[bytes]) -> np.ndarray:
    """Returns a table's rows for another vocabulary.

    Args:
        table: `[len(then) + 1 + any, dim]`: a row an entry, the unseen one's, and any others.
        then: Its entries.
        now: Those that are wanted; what is not in `then` gets the unseen one's row.

    Returns:
        `[len(now) + 1 + any, dim]`, likewise.
    """
    row_of = {entry: row for row, entry in enumerate(then)}
    rows = [row_of.get(entry, len(then)) for entry in now]
    return np.concatenate([table[rows], table[len(then) :]])
