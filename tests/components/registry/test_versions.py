import concurrent.futures
import logging
import os
import pathlib

import pytest

from components.registry import models_config
from components.registry import versions as registry


def push(base, name, complete=True):
    folder = base / name
    folder.mkdir(parents=True)
    if complete:
        (folder / "saved_model.pb").write_bytes(b"")


@pytest.mark.parametrize(
    ("folders", "versions"),
    [
        ({}, []),
        ({"9": True, "10": True}, [9, 10]),
        ({"00000123": True}, [123]),
        ({"1": True, "2": False}, [1]),
        ({"1": True, ".incoming-ab": True, "2.tmp": True, "latest": True}, [1]),
        ({"1": True, "²": True, "٣": True, "-4": True, "+5": True, "6_0": True}, [1]),
        ({"9223372036854775807": True}, [2**63 - 1]),
        ({"9223372036854775808": True, "12345678901234567890123": True}, []),
    ],
    ids=[
        "empty",
        "numbers-not-texts",
        "leading-zeros",
        "half-copied",
        "other-folders",
        "no-ascii-digits",
        "largest",
        "larger-than-int64",
    ],
)
def test_versions(tmp_path, folders, versions):
    for name, complete in folders.items():
        push(tmp_path, name, complete)
    assert registry.versions(str(tmp_path)) == versions


def test_folder_of_a_version_by_its_name(tmp_path):
    push(tmp_path, "00000012")
    push(tmp_path, "99", complete=False)
    assert registry.folder(str(tmp_path), 12) == str(tmp_path / "00000012")
    with pytest.raises(LookupError, match=r"No complete version 99 .* there are: 12"):
        registry.folder(str(tmp_path), 99)


def test_newest_is_served_where_nothing_is_labelled(tmp_path):
    base = tmp_path / "movielens"
    assert registry.served(str(base)) is None
    push(base, "9")
    push(base, "10")
    assert registry.served(str(base)) == 10


def test_stable_is_served_where_it_is_labelled(tmp_path):
    base = tmp_path / "movielens"
    push(base, "9")
    push(base, "10")
    models_config.write(str(base), {9}, {"stable": 9})
    assert registry.served(str(base)) == 9


@pytest.mark.parametrize(
    ("there", "served"), [(["9", "10"], 10), ([], None)], ids=["newest", "none-at-all"]
)
def test_newest_stands_in_for_a_stable_version_that_is_gone(tmp_path, caplog, there, served):
    base = tmp_path / "movielens"
    for version in there:
        push(base, version)
    models_config.write(str(base), {8, 9}, {"stable": 8, "canary": 9})
    logging.getLogger("absl").propagate = True
    with caplog.at_level(logging.WARNING, logger="absl"):
        assert registry.served(str(base)) == served
    assert "labels version 8 as stable" in caplog.text
    assert "`movielens serving promote`" in caplog.text
    assert registry.labels(str(base)) == ({"canary": 9} if there else {})
    assert registry.retire(str(base), 5) == []


def test_version_zero_may_be_stable(tmp_path):
    base = tmp_path / "movielens"
    push(base, "0")
    push(base, "1")
    models_config.write(str(base), {0}, {"stable": 0})
    assert registry.served(str(base)) == 0


def staged(base):
    folder = pathlib.Path(registry.hidden_folder(str(base)))
    push(folder.parent, folder.name)
    return str(folder)


@pytest.mark.parametrize(
    ("taken", "wanted", "given"),
    [([], 5, 5), (["7"], 5, 8), (["5"], 5, 6), (["0005"], 5, 6), ([], 0, 1)],
    ids=["free", "clock-went-back", "same-second", "leading-zeros", "zero"],
)
def test_versions_only_grow(tmp_path, taken, wanted, given):
    for name in taken:
        push(tmp_path, name)
    assert registry.place(str(tmp_path), staged(tmp_path), wanted) == given
    assert registry.versions(str(tmp_path))[-1] == given


def test_no_number_is_left_above_the_largest(tmp_path):
    push(tmp_path, str(registry.LARGEST_VERSION), complete=False)
    with pytest.raises(ValueError, match="rename that folder"):
        registry.place(str(tmp_path), staged(tmp_path), 5)


def test_two_pushes_at_once_get_two_versions(tmp_path):
    folders = [staged(tmp_path) for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda folder: registry.place(str(tmp_path), folder, 100), folders))
    assert sorted(given) == list(range(100, 108))
    assert registry.versions(str(tmp_path)) == sorted(given)


def test_a_rename_that_fails_is_no_endless_loop(tmp_path):
    with pytest.raises(OSError):  # whose message is TFX's, and empty
        registry.place(str(tmp_path), str(tmp_path / "missing"), 1)


@pytest.mark.parametrize(
    ("keep", "labels", "left"),
    [
        (2, {}, [3, 4]),
        (9, {}, [1, 2, 3, 4]),
        (0, {}, [4]),
        (1, {"stable": 2}, [2, 4]),
        (1, {"stable": 2, "canary": 3}, [2, 3, 4]),
    ],
    ids=["oldest-go", "few", "served-stays", "stable-stays", "canary-stays"],
)
def test_retire(tmp_path, keep, labels, left):
    base = tmp_path / "movielens"
    for version in (1, 2, 3, 4):
        push(base, str(version))
    if labels:
        models_config.write(str(base), set(labels.values()), labels)
    removed = registry.retire(str(base), keep)
    assert registry.versions(str(base)) == left
    assert sorted([*removed, *left]) == [1, 2, 3, 4]
    assert sorted(path.name for path in base.iterdir()) == sorted(map(str, left))


def test_what_a_killed_push_left_is_removed_after_a_day(tmp_path):
    old, young = tmp_path / ".incoming-old", tmp_path / ".incoming-young"
    for folder in (old, young):
        folder.mkdir()
    os.utime(old, (0, 0))
    registry.retire(str(tmp_path), 1)
    assert [path.name for path in tmp_path.iterdir()] == [young.name]
