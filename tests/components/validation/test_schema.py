import pathlib

import pytest
from tfx.types import standard_artifacts
from tfx.utils import io_utils

from components.validation.schema import CuratedSchema
from transform import datasets, schemas

MOVIELENS = datasets.load(datasets.MOVIELENS)


def publish(tmp_path, record, definition):
    schema = standard_artifacts.Schema()
    schema.uri = str(tmp_path / "schema")
    CuratedSchema.test_call(record=record, definition=definition, schema=schema)
    return io_utils.SchemaReader().read(str(pathlib.Path(schema.uri) / "schema.pbtxt"))


@pytest.mark.parametrize("record", [schemas.TIMELINES, schemas.ITEMS])
def test_published_schema_is_that_of_the_definition(tmp_path, record):
    assert publish(tmp_path, record, MOVIELENS.to_json()) == schemas.of(record, MOVIELENS)


def test_unknown_record_is_refused(tmp_path):
    with pytest.raises(KeyError, match="tags"):
        publish(tmp_path, "tags", MOVIELENS.to_json())


def test_what_is_no_definition_is_refused(tmp_path):
    with pytest.raises(ValueError, match="event"):
        publish(tmp_path, schemas.ITEMS, '{"name": "x", "item": {"id": "x"}}')
