"""Paths of the REST API: the model, the version and the method that a request names."""

import dataclasses
import re
import urllib.parse

from tensorflow_serving.apis import model_pb2

from serving.stand_in.errors import invalid
from serving.version_folders import LARGEST_VERSION

PREDICT, METADATA, STATUS = "predict", "metadata", ""
METHODS = (PREDICT, "classify", "regress")

_VERSION = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_POST = re.compile(
    r"/v1/models/(?P<name>[^/:]+)" + _VERSION + f":(?P<method>{'|'.join(METHODS)})",
    re.IGNORECASE | re.ASCII,
)
_GET = re.compile(
    r"/v1/models(?:/(?P<name>[^/:]+))?" + _VERSION + "(?:/(?P<method>metadata))?",
    re.IGNORECASE | re.ASCII,
)


@dataclasses.dataclass(frozen=True)
class Place:
    """What a path names."""

    name: str = ""
    """Of the model; empty where the path names none, or is not of the API."""

    version: str = ""
    label: str = ""

    method: str | None = None
    """`predict`, `classify`, `regress`, `metadata` or, for the status, empty; None where the path
    is not of the API."""

    @property
    def api(self) -> str:
        """The label `API` of its latency: empty for whatever is asked by GET."""
        return self.method if self.method in METHODS else ""

    def spec(self) -> model_pb2.ModelSpec:
        """Returns the model and the version that are asked for.

        Raises:
            ServingError: There are no such versions.
        """
        spec = model_pb2.ModelSpec(name=self.name)
        if self.label:
            spec.version_label = self.label
        if self.version:
            if len(self.version) > 30 or int(self.version) > LARGEST_VERSION:
                raise invalid(f"Failed to convert version: {self.version} to numeric.")
            spec.version.value = int(self.version)
        return spec


def parse(method: str, path: str) -> Place:
    """Returns what a path names.

    Args:
        method: `POST` or `GET`; no other names anything.
        path: Path as it was sent, with the query: percent-encoded, since a `%2F` separates nothing.
    """
    pattern = {"POST": _POST, "GET": _GET}.get(method)
    match = pattern.fullmatch(path) if pattern else None
    if not match:
        return Place()
    asked = match["method"] or STATUS
    if method == "GET":
        asked = METADATA if asked == METADATA else STATUS
    return Place(
        urllib.parse.unquote(match["name"] or ""),
        match["version"] or "",
        urllib.parse.unquote(match["label"] or ""),
        asked if asked in (*METHODS, METADATA, STATUS) else None,
    )
