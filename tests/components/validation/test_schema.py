import pathlib

import pytest
from tfx.types import standard_artifacts
from tfx.utils import io_utils

from components.validation.schema import CuratedSchema
from transform import schemas


@pytest.mark.parametrize("record", [schemas.TIMELINES, schemas.MOVIES])
def test_published_schema_is_the_shipped_one(tmp_path, record):
    schema = standard_artifacts.Schema()
    schema.uri = str(tmp_path / "schema")
    CuratedSchema.test_call(record=record, fingerprint="any", schema=schema)
    path = str(pathlib.Path(schema.uri) / "schema.pbtxt")
    assert io_utils.SchemaReader().read(path) == schemas.load(record)
