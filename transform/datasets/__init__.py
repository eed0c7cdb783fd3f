"""Definitions that are shipped: `movielens`, for every release in one of GroupLens' layouts."""

import functools
import importlib.resources

from transform import yaml_files
from transform.definition import Definition
from transform.definition_files import build

MOVIELENS = "movielens"


@functools.cache
def load(name: str) -> Definition:
    """Returns a shipped definition, such as `MOVIELENS`.

    Raises:
        FileNotFoundError: There is none of that name.
    """
    text = (importlib.resources.files(__name__) / f"{name}.yaml").read_text(encoding="utf-8")
    document, lines = yaml_files.parse(text, f"{name}.yaml")
    return build(document, lines, f"{name}.yaml")
