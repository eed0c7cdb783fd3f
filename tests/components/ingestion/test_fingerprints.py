import json
import os
import pathlib

import pytest

from components.ingestion import fingerprints
from components.ingestion.faults import DataErrors
from components.ingestion.fingerprints import Memory

SHA256_OF_A = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"


@pytest.fixture
def memory_file(tmp_path, monkeypatch):
    """The file that remembers, of this test alone."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return fingerprints.memory_path()


@pytest.fixture
def settled(monkeypatch):
    """Files need not be some seconds old to be remembered."""
    monkeypatch.setattr(fingerprints, "SETTLED", -(10**18))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "data [1]" / "a*.csv"
    path.parent.mkdir()
    path.write_text("a")
    return path


@pytest.fixture
def reads(monkeypatch):
    """The paths that were hashed."""
    paths, hash_file = [], fingerprints._sha256

    def hash_and_note(path):
        paths.append(path)
        return hash_file(path)

    monkeypatch.setattr(fingerprints, "_sha256", hash_and_note)
    return paths


def remember(memory_file, file):
    memory = Memory(memory_file)
    value = memory.sha256(str(file))
    memory.save()
    return value


def test_an_unchanged_file_is_read_once(memory_file, settled, file, reads):
    assert [remember(memory_file, file) for _ in range(3)] == [SHA256_OF_A] * 3
    assert reads == [str(file)]


def same_size_and_time(file):
    status = file.stat()
    file.write_text("b")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def another_in_its_place(file):
    other = file.with_name("other")
    status = file.stat()
    other.write_text("b")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.rename(file)


@pytest.mark.parametrize(
    "change",
    [same_size_and_time, another_in_its_place, lambda file: file.write_text("longer")],
    ids=["same-size-and-time", "another-in-its-place", "longer"],
)
def test_a_changed_file_is_read_again(memory_file, settled, file, reads, change):
    remember(memory_file, file)
    change(file)
    assert remember(memory_file, file) != SHA256_OF_A
    assert len(reads) == 2


def test_a_file_that_has_just_changed_is_not_remembered(memory_file, file, reads):
    assert [remember(memory_file, file) for _ in range(2)] == [SHA256_OF_A] * 2
    assert len(reads) == 2
    assert not memory_file.exists()


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b'{"a": 1}', b"\xff\xfe", b"null"],
    ids=["empty", "cut-off", "a-list", "numbers", "no-utf-8", "null"],
)
def test_a_damaged_memory_is_made_anew(memory_file, settled, file, reads, damage):
    memory_file.write_bytes(damage)
    assert [remember(memory_file, file) for _ in range(2)] == [SHA256_OF_A] * 2
    assert len(reads) == 1
    assert list(json.loads(memory_file.read_text()).values()) == [SHA256_OF_A]


def test_the_memory_of_another_person_is_not_believed(
    memory_file, settled, file, reads, monkeypatch
):
    remember(memory_file, file)
    monkeypatch.setattr(os, "getuid", lambda: memory_file.stat().st_uid + 1)
    assert Memory(memory_file).sha256(str(file)) == SHA256_OF_A
    assert len(reads) == 2


def test_those_that_were_hashed_first_are_forgotten(memory_file, settled, file, reads, monkeypatch):
    monkeypatch.setattr(fingerprints, "REMEMBERED", 2)
    for name in "abc":
        file.with_name(name).write_text(name)
    for name in "abcbca":
        remember(memory_file, file.with_name(name))
    assert [pathlib.Path(path).name for path in reads] == ["a", "b", "c", "a"]


def test_no_temporary_file_is_left(memory_file, settled, file, tmp_path):
    remember(memory_file, file)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data [1]", memory_file.name]


def test_names_and_content_count_and_their_order_does_not(memory_file, file):
    other = file.with_name("other")
    other.write_text("other")
    first = fingerprints.of_files([("x", str(file)), ("y", str(other))])
    assert first.startswith("sha256:")
    assert first.endswith(",num_files:2")
    assert fingerprints.of_files([("y", str(other)), ("x", str(file))]) == first
    assert fingerprints.of_files([("y", str(file)), ("x", str(other))]) != first
    assert fingerprints.of_files([("x", str(file)), ("z", str(other))]) != first


def test_a_file_that_is_gone_is_named(memory_file, tmp_path):
    with pytest.raises(DataErrors, match=r"events\.csv: can't be read: No such file"):
        fingerprints.of_files([("events.csv", str(tmp_path / "events.csv"))])
