import itertools
import os
import pathlib
import threading
import time

import pyarrow as pa
import pyarrow.parquet
import pytest

from serving.client import shard_writer
from serving.client.shard_writer import ShardWriter

SCHEMAS = {"numbers": pa.schema([("n", pa.int64())])}


def rows(*numbers):
    return [{"n": number} for number in numbers]


def files(folder, table="numbers"):
    return sorted((folder / table).iterdir())


def numbers(folder):
    tables = [pyarrow.parquet.read_table(path) for path in files(folder)]
    return sorted(itertools.chain(*(table["n"].to_pylist() for table in tables)))


def wait_until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_all_that_was_added_is_there_after_close(tmp_path):
    writer = ShardWriter(tmp_path, SCHEMAS)
    for number in range(100):
        writer.add("numbers", rows(number))
    writer.close()
    assert numbers(tmp_path) == list(range(100))
    assert len(files(tmp_path)) == 1
    assert writer.dropped == 0


def test_a_shard_is_written_when_it_is_full(tmp_path):
    writer = ShardWriter(tmp_path, SCHEMAS, rows_per_shard=3)
    writer.add("numbers", rows(1, 2))
    writer.add("numbers", rows(3))
    wait_until(lambda: len(files(tmp_path)) == 1)
    assert numbers(tmp_path) == [1, 2, 3]
    writer.close()


def test_a_shard_is_written_when_its_time_has_come(tmp_path):
    writer = ShardWriter(tmp_path, SCHEMAS, seconds_per_shard=0.05)
    writer.add("numbers", rows(1))
    wait_until(lambda: [path for path in files(tmp_path) if path.suffix == ".parquet"])
    assert numbers(tmp_path) == [1]
    writer.close()


def test_two_writers_share_a_folder(tmp_path):
    writers = [ShardWriter(tmp_path, SCHEMAS) for _ in range(2)]
    for number, writer in enumerate(writers):
        writer.add("numbers", rows(number))
        writer.close()
    assert numbers(tmp_path) == [0, 1]


def test_a_full_queue_drops_and_counts_and_never_waits(tmp_path, monkeypatch, caplog):
    entered, go_on = threading.Event(), threading.Event()

    def slow(*arguments):
        entered.set()
        go_on.wait()

    monkeypatch.setattr(pyarrow.parquet, "write_table", slow)
    monkeypatch.setattr(os, "replace", lambda *arguments: None)
    writer = ShardWriter(tmp_path, SCHEMAS, rows_per_shard=1, capacity=2)
    writer.add("numbers", rows(0))
    entered.wait()
    for number in (1, 2):
        writer.add("numbers", rows(number))
    writer.add("numbers", rows(3, 4, 5))
    assert writer.dropped == 3
    assert "lost 3 rows" in caplog.text
    go_on.set()
    writer.close()


def test_what_the_disk_does_not_take_is_dropped_and_told(tmp_path, monkeypatch, caplog):
    def full(table, path):
        pathlib.Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pyarrow.parquet, "write_table", full)
    writer = ShardWriter(tmp_path, SCHEMAS)
    writer.add("numbers", rows(1, 2))
    writer.close()
    assert writer.dropped == 2
    assert "No space left on device" in caplog.text
    assert files(tmp_path) == []


def test_old_files_are_deleted(tmp_path):
    (tmp_path / "numbers").mkdir()
    old, other = "20200101T000000Z-1.parquet", "29990101T000000Z-1.parquet"
    for name in (old, other):
        (tmp_path / "numbers" / name).touch()
    ShardWriter(tmp_path, SCHEMAS, keep_days=30).close()
    assert [path.name for path in files(tmp_path)] == [other]


def test_without_keep_days_nothing_is_deleted(tmp_path):
    (tmp_path / "numbers").mkdir()
    (tmp_path / "numbers" / "20200101T000000Z-1.parquet").touch()
    ShardWriter(tmp_path, SCHEMAS).close()
    assert len(files(tmp_path)) == 1


def test_a_closed_writer_takes_nothing(tmp_path):
    writer = ShardWriter(tmp_path, SCHEMAS)
    writer.close()
    writer.close()
    with pytest.raises(ValueError, match="was closed"):
        writer.add("numbers", rows(1))


@pytest.mark.parametrize(
    "settings",
    [
        {"rows_per_shard": 0},
        {"seconds_per_shard": 0.0},
        {"keep_days": -1},
        {"capacity": 0},
    ],
)
def test_impossible_settings(tmp_path, settings):
    with pytest.raises(ValueError, match="must be at least 1"):
        ShardWriter(tmp_path, SCHEMAS, **settings)


def test_a_name_is_its_time_in_utc():
    assert time.strftime(shard_writer.STAMP, time.gmtime(0)) == "19700101T000000Z"
