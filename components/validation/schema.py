"""CuratedSchema: publishes a schema that people wrote, from the installed package."""

import os

from tfx import v1 as tfx

from transform import schemas


@tfx.dsl.components.component
def CuratedSchema(
    record: tfx.dsl.components.Parameter[str],
    fingerprint: tfx.dsl.components.Parameter[str],
    schema: tfx.dsl.components.OutputArtifact[tfx.types.standard_artifacts.Schema],
) -> None:
    """Writes `transform/schemas/<record>.pbtxt`.

    Args:
        record: `schemas.TIMELINES` or `schemas.MOVIES`.
        fingerprint: Changes when the file does, so that the cache notices an edit.
        schema: The schema.
    """
    del fingerprint
    tfx.dsl.io.fileio.makedirs(schema.uri)
    with tfx.dsl.io.fileio.open(os.path.join(schema.uri, "schema.pbtxt"), "w") as file:
        file.write(schemas.text(record))
