import pathlib

import pytest
from tfx.dsl.io import filesystem_registry
from tfx.dsl.io.plugins.local import LocalFilesystem

from components.ingestion.example_gen import local_folder


@pytest.fixture
def bucket(tmp_path):
    """A file system that TFX knows as `bucket://` and that keeps its files in a folder."""

    def local(path):
        return str(path).replace("bucket://", f"{tmp_path}/")

    class Bucket(LocalFilesystem):
        SUPPORTED_SCHEMES = ["bucket://"]

        @staticmethod
        def open(name, mode="r"):
            return LocalFilesystem.open(local(name), mode)

        @staticmethod
        def listdir(path):
            return LocalFilesystem.listdir(local(path))

    filesystem_registry.DEFAULT_FILESYSTEM_REGISTRY.register(
        Bucket, priority=0, use_as_fallback=False
    )
    return tmp_path


def test_a_local_folder_is_used_as_it_is(tmp_path):
    with local_folder(str(tmp_path)) as folder:
        assert folder == pathlib.Path(tmp_path)


def test_of_a_bucket_only_what_layouts_name_is_copied(bucket):
    (bucket / "ml-1m").mkdir()
    for name in ("ratings.dat", "movies.dat", "users.dat", "README", "genome-scores.csv"):
        (bucket / "ml-1m" / name).write_text(name)

    with local_folder("bucket://ml-1m") as folder:
        copied = {path.name: path.read_text() for path in folder.iterdir()}

    assert copied == {name: name for name in ("ratings.dat", "movies.dat", "users.dat")}
    assert not folder.exists()
