import pathlib

import pytest
from tfx.dsl.io import filesystem_registry
from tfx.dsl.io.plugins.local import LocalFilesystem

from components.ingestion import fingerprints
from components.ingestion.folders import local_folder, source_files
from transform import datasets, definition_files

MOVIELENS = datasets.load(datasets.MOVIELENS)
SHOP = definition_files.build(
    {
        "name": "shop",
        "item": {"id": "sku"},
        "user": {"id": "customer"},
        "event": {"user": "customer", "item": "sku", "time": {"column": "ts"}},
    },
    {},
    "shop.yaml",
)


class Bucket(LocalFilesystem):
    """A file system that TFX knows as `bucket://` and that keeps its files in a folder."""

    SUPPORTED_SCHEMES = ["bucket://"]
    root = ""

    @classmethod
    def local(cls, path):
        return str(path).replace("bucket://", f"{cls.root}/")

    @classmethod
    def open(cls, name, mode="r"):
        return LocalFilesystem.open(cls.local(name), mode)

    @classmethod
    def listdir(cls, path):
        return LocalFilesystem.listdir(cls.local(path))

    @classmethod
    def isdir(cls, path):
        return LocalFilesystem.isdir(cls.local(path))


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    """The folder of `bucket://`."""
    monkeypatch.setattr(Bucket, "root", str(tmp_path))
    filesystem_registry.DEFAULT_FILESYSTEM_REGISTRY.register(
        Bucket, priority=0, use_as_fallback=False
    )
    return tmp_path


@pytest.fixture
def release(bucket):
    (bucket / "ml-1m").mkdir()
    for name in ("ratings.dat", "movies.dat", "users.dat", "README", "genome-scores.csv"):
        (bucket / "ml-1m" / name).write_text(name)
    return bucket / "ml-1m"


@pytest.fixture
def shop(bucket):
    for name in ("items.csv", "events/part-0.parquet", "events/part-1.parquet", "users.jsonl.gz"):
        path = bucket / "shop [2024]" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return bucket / "shop [2024]"


def test_a_local_folder_is_used_as_it_is(tmp_path):
    with local_folder(str(tmp_path), MOVIELENS) as folder:
        assert folder == pathlib.Path(tmp_path)


def test_of_a_bucket_only_what_is_read_is_copied(release):
    with local_folder("bucket://ml-1m", MOVIELENS) as folder:
        copied = {path.name: path.read_text() for path in folder.iterdir()}

    assert copied == {name: name for name in ("ratings.dat", "movies.dat", "users.dat")}
    assert not folder.exists()


def test_folders_of_shards_are_copied_from_a_bucket(shop):
    with local_folder("bucket://shop [2024]", SHOP) as folder:
        files = (path for path in folder.rglob("*") if path.is_file())
        copied = {path.relative_to(folder).as_posix(): path.read_text() for path in files}

    names = ("items.csv", "events/part-0.parquet", "events/part-1.parquet", "users.jsonl.gz")
    assert copied == {name: name for name in names}


@pytest.mark.parametrize("where", ["here", "in-a-bucket"])
def test_names_and_places(shop, where):
    uri = str(shop) if where == "here" else "bucket://shop [2024]"
    assert source_files(uri, SHOP) == {
        name: f"{uri}/{name}"
        for name in (
            "items.csv",
            "users.jsonl.gz",
            "events/part-0.parquet",
            "events/part-1.parquet",
        )
    }


def test_a_fingerprint_does_not_depend_on_where_the_files_are(shop):
    here, there = (
        fingerprints.of_files(source_files(uri, SHOP).items())
        for uri in (str(shop), "bucket://shop [2024]")
    )
    assert here == there


def test_a_folder_in_a_bucket_without_files_is_refused_by_its_name(bucket):
    (bucket / "empty").mkdir()
    with pytest.raises(ValueError, match=r"bucket://empty"):
        source_files("bucket://empty", SHOP)


def test_reading_nothing_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("components.ingestion.tables.source_files", lambda *_: ())
    with pytest.raises(ValueError, match=f"{tmp_path} has no file of shop: give the folder"):
        source_files(str(tmp_path), SHOP)
