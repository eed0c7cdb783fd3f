"""Packs long constants of the compiled pipeline into few characters, none of which is escaped.

A definition of the data is JSON, of which the driver makes a text in the JSON of an ExecutorInput,
in the JSON of a pod's patch, in that of a node: every quotation mark in it takes 8 bytes there.
"""

import base64
import zlib
from typing import Any

MARK = "packed:"
LONG = 200  # characters; shorter ones stay readable in Kubeflow's UI


def pack_constants(spec: dict[str, Any]) -> None:
    """Packs the long constants that tasks are given, in place.

    Args:
        spec: A PipelineSpec.
    """
    for task in spec["root"]["dag"]["tasks"].values():
        for value in task.get("inputs", {}).get("parameters", {}).values():
            constant = value.get("runtimeValue", {}).get("constant")
            if isinstance(constant, str) and len(constant) > LONG:
                value["runtimeValue"]["constant"] = pack(constant)


def pack(text: str) -> str:
    """Returns a text, packed."""
    return MARK + base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def unpack(value: Any) -> Any:
    """Returns the text that was packed; any other value as it is."""
    if not isinstance(value, str) or not value.startswith(MARK):
        return value
    return zlib.decompress(base64.b64decode(value.removeprefix(MARK), validate=True)).decode()
