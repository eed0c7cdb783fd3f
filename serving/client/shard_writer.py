"""Writer of rows as Parquet shards, in a thread of its own: whoever adds a row never waits."""

import logging
import os
import pathlib
import queue
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet

Row = dict[str, Any]
SECONDS_PER_DAY = 24 * 60 * 60
STAMP = "%Y%m%dT%H%M%SZ"
_STOP = object()
_log = logging.getLogger(__name__)


class ShardWriter:
    """Writes tables into folders of Parquet files; a file appears whole or not at all.

    Rows wait in memory until there are `rows_per_shard` of them, or the oldest has waited
    `seconds_per_shard`: a process that is killed loses those. Rows that can't be taken or written,
    because the disk is slow or full, are dropped and counted: a log never stops an answer.
    """

    def __init__(
        self,
        folder: str | pathlib.Path,
        schemas: Mapping[str, pa.Schema],
        rows_per_shard: int = 50_000,
        seconds_per_shard: float = 300.0,
        keep_days: int = 0,
        capacity: int = 10_000,
    ) -> None:
        """Makes the folders and starts the thread.

        Args:
            folder: Where a folder for each table is made.
            schemas: Schema of each table, by the name of its folder.
            rows_per_shard: Largest number of rows that wait for a file.
            seconds_per_shard: Longest time that a row waits for its file.
            keep_days: Days after which files are deleted; 0: never.
            capacity: Largest number of additions that wait for the thread.

        Raises:
            ValueError: A number is out of its range.
            OSError: A folder can't be made.
        """
        if min(rows_per_shard, capacity) < 1 or seconds_per_shard <= 0 or keep_days < 0:
            raise ValueError(
                "rows_per_shard and capacity must be at least 1, seconds_per_shard above 0 and "
                f"keep_days at least 0, got {rows_per_shard}, {capacity}, {seconds_per_shard} and "
                f"{keep_days}."
            )
        self._folder = pathlib.Path(folder)
        self._schemas = dict(schemas)
        for table in self._schemas:
            (self._folder / table).mkdir(parents=True, exist_ok=True)
        self._rows_per_shard = rows_per_shard
        self._seconds_per_shard = seconds_per_shard
        self._keep_days = keep_days
        self._queue: queue.Queue[Any] = queue.Queue(capacity)
        self._waiting: dict[str, list[Row]] = {table: [] for table in self._schemas}
        self._lock = threading.Lock()
        self._dropped = 0
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="shard-writer", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Number of rows that were lost since the start."""
        with self._lock:
            return self._dropped

    def add(self, table: str, rows: Sequence[Row]) -> None:
        """Adds rows to a table without waiting.

        Args:
            table: Its name.
            rows: Values by the names of the schema; a name that is missing is null.

        Raises:
            ValueError: The writer was closed.
        """
        if self._closed:
            raise ValueError(f"The log in {self._folder} was closed.")
        try:
            self._queue.put_nowait((table, rows))
        except queue.Full:
            self._drop(len(rows), f"{self._queue.maxsize} additions wait already")

    def close(self) -> None:
        """Writes what waits and ends the thread."""
        if not self._closed:
            self._closed = True
            self._queue.put(_STOP)
            self._thread.join()

    def _run(self) -> None:
        due = time.monotonic() + self._seconds_per_shard
        while True:
            try:
                taken = self._queue.get(timeout=max(0.0, due - time.monotonic()))
            except queue.Empty:
                taken = None
            if taken is not None and taken is not _STOP:
                table, rows = taken
                self._waiting[table] += rows
                if len(self._waiting[table]) >= self._rows_per_shard:
                    self._write(table)
            if taken is _STOP or time.monotonic() >= due:
                for table in self._schemas:
                    self._write(table)
                self._delete_old()
                due = time.monotonic() + self._seconds_per_shard
            if taken is _STOP:
                return

    def _write(self, table: str) -> None:
        rows, self._waiting[table] = self._waiting[table], []
        if not rows:
            return
        name = f"{time.strftime(STAMP, time.gmtime())}-{uuid.uuid4().hex[:12]}.parquet"
        path = self._folder / table / name
        temporary = path.with_name(f".{name}.tmp")  # readers of shards skip a leading dot
        try:
            content = pa.Table.from_pylist(rows, schema=self._schemas[table])
            pyarrow.parquet.write_table(content, temporary)
            os.replace(temporary, path)
        except (OSError, pa.ArrowException) as error:
            temporary.unlink(missing_ok=True)
            self._drop(len(rows), f"{path} can't be written: {error}")

    def _delete_old(self) -> None:
        if not self._keep_days:
            return
        oldest = time.strftime(STAMP, time.gmtime(time.time() - self._keep_days * SECONDS_PER_DAY))
        for table in self._schemas:
            for path in (self._folder / table).glob("*.parquet"):
                if path.name < oldest:
                    path.unlink(missing_ok=True)

    def _drop(self, rows: int, reason: str) -> None:
        with self._lock:
            self._dropped += rows
            dropped = self._dropped
        _log.error(
            "The log in %s lost %d rows: %s (%d so far)", self._folder, rows, reason, dropped
        )
