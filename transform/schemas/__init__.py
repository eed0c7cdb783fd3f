"""The curated schemas: what may arrive. `ExampleValidator` holds the data against them."""

import importlib.resources

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

TIMELINES = "timelines"
MOVIES = "movies"


def text(name: str) -> str:
    """Returns the schema file of a record type, `TIMELINES` or `MOVIES`, as it is shipped.

    Raises:
        FileNotFoundError: There is no schema of that name.
    """
    return (importlib.resources.files(__name__) / f"{name}.pbtxt").read_text(encoding="utf-8")


def load(name: str) -> schema_pb2.Schema:
    """Returns the parsed schema of a record type, `TIMELINES` or `MOVIES`."""
    return text_format.Parse(text(name), schema_pb2.Schema())
