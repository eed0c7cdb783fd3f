import socket
import sqlite3
import types

import pytest

from pipeline.runs import health
from pipeline.runs.records import RunRecord


@pytest.fixture
def record(tmp_path):
    (tmp_path / "data").mkdir()
    output = tmp_path / "ml [1] ä"
    output.mkdir()
    with sqlite3.connect(output / "metadata.sqlite") as store:
        store.execute("CREATE TABLE events (text TEXT)")
        store.executemany("INSERT INTO events VALUES (?)", [("x" * 500,)] * 100)
    store.close()
    return RunRecord(
        run_id="a", preset="ml-100k", data=str(tmp_path / "data"), output=str(output), log=""
    )


def by_name(findings):
    return {finding.name: finding for finding in findings}


def test_a_machine_as_it_should_be(tmp_path):
    found = by_name(health.machine(tmp_path / "not" / "yet", []))
    assert all(finding.sound for finding in found.values())
    assert found["folder"].told == f"{tmp_path} is writable"


def test_a_full_disk_and_little_memory_are_told(tmp_path, monkeypatch):
    usage = types.SimpleNamespace(free=10**9)
    monkeypatch.setattr(health.shutil, "disk_usage", lambda path: usage)
    monkeypatch.setattr(health.os, "sysconf", lambda name: 2**15)
    found = by_name(health.machine(tmp_path, []))
    assert not found["disk"].sound and "1.0 GB free" in found["disk"].told
    assert "movielens clean" in found["disk"].told and not found["memory"].sound


def test_a_port_in_use_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not by_name(health.machine(tmp_path, [port]))[f"port {port}"].sound
    assert by_name(health.machine(tmp_path, [port]))[f"port {port}"].sound


def test_a_metadata_store_is_read(record):
    assert health.metadata(record).sound


@pytest.mark.parametrize("content", [b"junk" * 1000, None], ids=["junk", "missing"])
def test_a_metadata_store_that_is_damaged_is_named(record, tmp_path, content):
    path = tmp_path / "ml [1] ä" / "metadata.sqlite"
    path.unlink()
    if content:
        path.write_bytes(content)
    found = health.metadata(record)
    assert not found.sound and str(path) in found.told


def test_a_damaged_page_is_found(record, tmp_path):
    path = tmp_path / "ml [1] ä" / "metadata.sqlite"
    content = bytearray(path.read_bytes())
    content[8192:12288] = b"\xff" * 4096
    path.write_bytes(content)
    assert not health.metadata(record).sound


def test_data_that_is_gone_is_told(record, tmp_path):
    assert health.data(record).sound
    (tmp_path / "data").rmdir()
    assert not health.data(record).sound
