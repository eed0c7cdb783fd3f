"""CuratedSchema: publishes the schema that the definition of the data set implies."""

import os

from google.protobuf import text_format
from tfx import v1 as tfx

from transform import schemas
from transform.definition import from_json


@tfx.dsl.components.component
def CuratedSchema(
    record: tfx.dsl.components.Parameter[str],
    definition: tfx.dsl.components.Parameter[str],
    schema: tfx.dsl.components.OutputArtifact[tfx.types.standard_artifacts.Schema],
    code_version: tfx.dsl.components.Parameter[str] = "",
) -> None:
    """Writes the schema of a record type.

    Args:
        record: `schemas.TIMELINES` or `schemas.ITEMS`.
        definition: JSON of the definition of the data set.
        schema: The schema.
        code_version: Hash of the code that makes it; a part of the cache key.
    """
    del code_version
    message = schemas.of(record, from_json(definition))
    tfx.dsl.io.fileio.makedirs(schema.uri)
    with tfx.dsl.io.fileio.open(os.path.join(schema.uri, "schema.pbtxt"), "w") as file:
        file.write(text_format.MessageToString(message))
