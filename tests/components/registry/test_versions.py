import logging
import shutil

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


def test_of_two_names_of_one_number_the_last_counts_as_for_the_server(tmp_path):
    for name in ("7", "007"):
        push(tmp_path, name)
    assert registry.folder(str(tmp_path), 7) == str(tmp_path / "7")


def test_what_goes_while_it_is_read_is_nothing(tmp_path):
    push(tmp_path, "1")

    def fail(folder):
        raise KeyError(folder)

    def vanish(folder):
        shutil.rmtree(folder)
        raise FileNotFoundError(folder)

    folder = str(tmp_path / "1")
    with pytest.raises(KeyError):
        registry.if_there(folder, fail)
    assert registry.if_there(folder, vanish) is None


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


def test_version_zero_may_be_stable(tmp_path):
    base = tmp_path / "movielens"
    push(base, "0")
    push(base, "1")
    models_config.write(str(base), {0}, {"stable": 0})
    assert registry.served(str(base)) == 0
