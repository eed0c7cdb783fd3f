import pytest

from components import registry


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
    ],
    ids=["empty", "numbers-not-texts", "leading-zeros", "half-copied", "other-folders"],
)
def test_versions(tmp_path, folders, versions):
    for name, complete in folders.items():
        push(tmp_path, name, complete)
    assert registry.versions(str(tmp_path)) == versions


def test_latest_is_the_newest_complete_one_by_its_folder_name(tmp_path):
    push(tmp_path, "7")
    push(tmp_path, "00000012")
    push(tmp_path, "99", complete=False)
    assert registry.latest(str(tmp_path)) == str(tmp_path / "00000012")


def test_nothing_pushed_yet(tmp_path):
    assert registry.latest(str(tmp_path / "missing")) is None
