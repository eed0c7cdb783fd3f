"""Warm start: the weights of an earlier bundle in place of random ones.

A bundle holds the towers that it was made of, and the entries of each vocabulary as a file. Row
numbers change from day to day, so rows are matched by entry; a new entry starts with the row of the
unseen one, which was trained to stand for it.
"""

import os
import re

import numpy as np
import tensorflow as tf
from absl import logging

from trainer.model.two_tower import TwoTowerModel

WEIGHT = re.compile(r"(?:.*/)?towers/(query|candidate)/variables/(\d+)/\.ATTRIBUTES/.*")

Vocabularies = dict[str, list[bytes]]
Weights = dict[tuple[str, int], np.ndarray]


def start_from(bundle: str | None, model: TwoTowerModel, vocabularies: Vocabularies) -> bool:
    """Gives a model the weights of a bundle.

    Args:
        bundle: Path of the bundle's SavedModel, if there is one.
        model: Model that was called once, so that it has variables.
        vocabularies: Entries of the model's tables in the order of their rows, by name.

    Returns:
        Whether the model has the bundle's weights now. It keeps its own where there is no bundle,
        or one of a model of another shape; the log says so.
    """
    if not bundle or not tf.io.gfile.exists(os.path.join(bundle, "saved_model.pb")):
        logging.info("There is no bundle to start from: training starts with random weights.")
        return False
    earlier = read_weights(bundle)
    wanted = number_variables(model)
    tables = {id(table): name for name, table in model.tables()}
    for place in earlier.keys() & wanted.keys():
        name = tables.get(id(wanted[place]))
        if name:
            entries = read_vocabulary(bundle, name), vocabularies[name]
            earlier[place] = match_rows(earlier[place], *entries)
    shapes = [
        {place: tuple(weight.shape) for place, weight in weights.items()}
        for weights in (earlier, wanted)
    ]
    differing = sorted(dict(shapes[0].items() ^ shapes[1].items()))
    if differing:
        tower, number = differing[0]
        logging.warning(
            "%s is of a model of another shape (the first weight that differs is %d of the %s "
            "tower): training starts with random weights.",
            bundle,
            number,
            tower,
        )
        return False
    for place, variable in wanted.items():
        variable.assign(earlier[place])
    logging.info("Training starts from %s: %d arrays of weights.", bundle, len(wanted))
    return True


def number_variables(model: TwoTowerModel) -> dict[tuple[str, int], tf.Variable]:
    """Returns every variable of the towers by tower and number, as a SavedModel names them.

    A variable that both towers share is numbered once, in the tower that comes first.
    """
    numbered: dict[tuple[str, int], tf.Variable] = {}
    for tower in ("query", "candidate"):
        for number, variable in enumerate(getattr(model, tower).variables):
            if not any(variable is other for other in numbered.values()):
                numbered[tower, number] = variable
    return numbered


def read_weights(bundle: str) -> Weights:
    """Returns the weights of a bundle's towers by tower and number, as in `number_variables`."""
    reader = tf.train.load_checkpoint(os.path.join(bundle, "variables", "variables"))
    matches = (WEIGHT.fullmatch(name) for name in reader.get_variable_to_shape_map())
    return {(match[1], int(match[2])): reader.get_tensor(match[0]) for match in matches if match}


def read_vocabulary(bundle: str, name: str) -> list[bytes]:
    """Returns the entries of a vocabulary of a bundle, in the order of their rows."""
    with tf.io.gfile.GFile(os.path.join(bundle, "assets", name), "rb") as file:
        return file.read().split(b"\n")[:-1]


def match_rows(table: np.ndarray, old: list[bytes], new: list[bytes]) -> np.ndarray:
    """Returns a table's rows in the order of another vocabulary.

    >>> match_rows(np.array([[1], [2], [9]]), [b"a", b"b"], [b"b", b"c", b"a"]).tolist()
    [[2], [9], [1], [9]]

    Args:
        table: `[len(old) + 1 + any, dim]`: one row per entry, the unseen one's, and any others.
        old: The table's entries in the order of their rows.
        new: Entries of the result; one that is not in `old` gets the unseen one's row.

    Returns:
        `[len(new) + 1 + any, dim]`, likewise.
    """
    row_of = {entry: row for row, entry in enumerate(old)}
    rows = [row_of.get(entry, len(old)) for entry in new]
    return np.concatenate([table[rows], table[len(old) :]])
