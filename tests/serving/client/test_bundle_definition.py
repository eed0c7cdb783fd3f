import pytest

from serving.client import bundle_definition
from transform import datasets


def test_definition_of_a_version(bundle_base):
    found = bundle_definition.read(str(bundle_base / "1"))
    assert found == datasets.load(datasets.MOVIELENS)


@pytest.mark.parametrize("text", [None, "{", "[]", "{}", '{"definition": {}}'])
def test_a_folder_without_one_is_named(tmp_path, text):
    if text is not None:
        path = tmp_path / bundle_definition.MANIFEST
        path.parent.mkdir()
        path.write_text(text)
    with pytest.raises(ValueError, match=rf"{tmp_path} holds no bundle of this pipeline"):
        bundle_definition.read(str(tmp_path))
