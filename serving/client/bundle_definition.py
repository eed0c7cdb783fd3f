"""Definition of the data set that a bundle was made of, from its manifest. Needs no TensorFlow."""

import json
import pathlib

from transform import definition
from transform.definition import Definition

MANIFEST = pathlib.Path("assets.extra", "manifest.json")


def read(folder: str) -> Definition:
    """Returns the definition in the folder of a version.

    Args:
        folder: Path of the version, as it was pushed.

    Raises:
        ValueError: There is none; the message names the file.
    """
    path = pathlib.Path(folder, MANIFEST)
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))["definition"]
        return definition.from_json(json.dumps(stated))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ValueError(
            f"{folder} holds no bundle of this pipeline: {path} has no definition ({error!r})."
        ) from error
