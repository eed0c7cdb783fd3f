"""Paths in a run's record: relative to the output folder, so that a copied one speaks of itself."""

import os
import pathlib
from typing import Any

OUTPUT, DATA = "output", "data"
UNDER_OUTPUT = ("log", "pushed", "same_as", "served")
FETCHED = "data"  # folder beside the output folders, where `movielens run` puts what it fetches


def to_relative(record: dict[str, Any]) -> dict[str, Any]:
    """Returns a record whose paths under its output folder are relative to that folder.

    Args:
        record: Fields of the record, with absolute paths.
    """
    output = record[OUTPUT]
    moved = {name: _relative(record[name], output) for name in UNDER_OUTPUT}
    return {**record, **moved, DATA: _relative_data(record[DATA], output), OUTPUT: os.curdir}


def to_absolute(record: dict[str, Any], output: pathlib.Path) -> dict[str, Any]:
    """Returns a record with absolute paths, for the output folder that it lies in now.

    Older records have absolute paths and the absolute output folder of their run: they are taken
    along, too.

    Args:
        record: Fields of the record, as they were read.
        output: The output folder now.
    """
    if os.path.isabs(record[OUTPUT]):
        record = {**record, **to_relative({**dict.fromkeys(UNDER_OUTPUT, ""), **record})}
    here = os.path.abspath(output)
    moved = {
        name: os.path.normpath(os.path.join(here, record[name]))
        for name in (*UNDER_OUTPUT, DATA)
        if record.get(name)
    }
    return {**record, **moved, OUTPUT: here}


def _relative(path: str, folder: str) -> str:
    """Returns a path relative to a folder if it lies under it, else as it is."""
    inside = os.path.normpath(path).startswith(os.path.join(os.path.normpath(folder), ""))
    return os.path.relpath(path, folder) if path and inside else path


def _relative_data(path: str, output: str) -> str:
    """Returns the path of the data, relative to the output folder if it moves along with that."""
    beside = os.path.join(os.path.dirname(os.path.normpath(output)), FETCHED)
    inside = os.path.normpath(path).startswith(os.path.join(beside, ""))
    return os.path.relpath(path, output) if inside else _relative(path, output)
