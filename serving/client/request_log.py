"""Log of what was shown and of what people then did, in a form that the next training reads.

    FOLDER/impressions/*.parquet   a row for each item of each answer
    FOLDER/events/*.parquet        a row for each feedback, with the columns of the definition

`events/` has the columns that the readers of data sets expect, so that its files can join the
folder `events/` of the data that a run reads.
"""

import datetime
import pathlib
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import pyarrow as pa

from serving.client import query_inputs
from serving.client.shard_writer import Row, ShardWriter
from transform.definition import Definition
from transform.kinds import Feature, Number, TimeUnit, Vector

IMPRESSIONS, EVENTS = "impressions", "events"
REQUEST_ID = "request_id"
IMPRESSIONS_SCHEMA = pa.schema(
    [
        (REQUEST_ID, pa.string()),  # joins with events
        ("time", pa.int64()),  # seconds since 1970-01-01 UTC
        ("user_id", pa.string()),  # "" where a history was asked with
        ("item_id", pa.string()),
        ("position", pa.int32()),  # 1: the first
        ("score", pa.float32()),
        ("known_user", pa.bool_()),
        ("version", pa.int64()),  # of the bundle; null where the transport does not tell it
    ]
)
_UNITS = {"s": 1, "ms": 10**3, "us": 10**6}


class RequestLog:
    """Log of a client: `RecommenderClient(transport, log=RequestLog(folder, definition))`.

    May be used by many threads and clients of one process. Processes may share a folder.
    """

    def __init__(
        self, folder: str | pathlib.Path, definition: Definition, **rotation: float
    ) -> None:
        """Opens the log.

        Args:
            folder: Where `impressions/` and `events/` are made.
            definition: Of the data set, which names the columns of an event.
            **rotation: `rows_per_shard`, `seconds_per_shard`, `keep_days` and `capacity` of
                `ShardWriter`.

        Raises:
            ValueError: A number is out of its range, or a column of the definition has the name
                `request_id`.
            OSError: The folder can't be made.
        """
        self._definition = definition
        self._writer = ShardWriter(
            folder,
            {IMPRESSIONS: IMPRESSIONS_SCHEMA, EVENTS: events_schema(definition)},
            **rotation,  # type: ignore[arg-type]
        )

    @property
    def dropped(self) -> int:
        """Number of rows that were lost, because the disk is slow or full."""
        return self._writer.dropped

    def impressions(
        self,
        request_id: str,
        user_id: str,
        items: Sequence[tuple[str, float]],
        known_user: bool,
        version: int | None,
    ) -> None:
        """Logs an answer, at the time of the call.

        Args:
            request_id: Of the answer.
            user_id: Who asked; "" where only a history was known.
            items: Ids and scores, best first.
            known_user: Whether anything was known of the user.
            version: Of the bundle.
        """
        now = int(time.time())
        rows = [
            dict(
                zip(
                    IMPRESSIONS_SCHEMA.names,
                    (request_id, now, user_id, item_id, place, score, known_user, version),
                    strict=True,
                )
            )
            for place, (item_id, score) in enumerate(items, start=1)
        ]
        self._writer.add(IMPRESSIONS, rows)

    def event(
        self,
        request_id: str,
        user_id: str,
        item_id: str,
        features: Mapping[str, Any],
        seconds: int,
        weight: float,
    ) -> None:
        """Logs what a user did.

        Args:
            request_id: Of the answer that showed the item; "" where there was none.
            user_id: Who did it.
            item_id: With which item.
            features: Of the event by the names of the definition; None or missing: not known.
            seconds: When, since 1970-01-01 UTC.
            weight: How much it counts, where the definition has a weight.

        Raises:
            ValueError: An id is empty or no text, the time not in seconds, the weight not above
                0, or a feature not of the definition or its kind.
        """
        of_events = self._definition.event
        query_inputs.check_event(self._definition, features)
        for whose, name in (("user", user_id), ("item", item_id)):
            if not isinstance(name, str) or not name:
                raise ValueError(
                    f"The {whose} id of an event is a text and not empty, got {name!r}."
                )
        if not weight > 0:
            raise ValueError(f"The weight of an event is above 0, got {weight}.")
        row: Row = {
            REQUEST_ID: request_id,
            of_events.user: user_id,
            of_events.item: item_id,
            of_events.time.column: _moment(
                query_inputs.check_request_time(seconds), of_events.time.unit
            ),
        }
        for name, feature in of_events.features.items():
            column = feature.column or name
            if row.get(column) is None:  # two features may be of one column
                row[column] = features.get(name)
        if of_events.weight:
            row[of_events.weight] = weight
        self._writer.add(EVENTS, [row])

    def close(self) -> None:
        """Writes what waits; afterwards nothing can be logged."""
        self._writer.close()

    def __enter__(self) -> "RequestLog":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def events_schema(definition: Definition) -> pa.Schema:
    """Returns the columns of `events/`: those of the definition, and `request_id`.

    Raises:
        ValueError: The definition has a column of that name.
    """
    event = definition.event
    columns = {
        event.user: pa.string(),
        event.item: pa.string(),
        event.time.column: pa.string() if event.time.unit == "iso" else pa.int64(),
    }
    if event.weight:
        columns[event.weight] = pa.float64()
    columns |= {
        feature.column or name: _column_type(feature) for name, feature in event.features.items()
    }
    if REQUEST_ID in columns:
        raise ValueError(f"The definition has a column {REQUEST_ID!r}, which the log itself has.")
    return pa.schema([*columns.items(), (REQUEST_ID, pa.string())])


def _column_type(feature: Feature) -> pa.DataType:
    if isinstance(feature, Vector):
        return pa.list_(pa.float32())
    return pa.float64() if isinstance(feature, Number) else pa.string()


def _moment(seconds: int, unit: TimeUnit) -> int | str:
    """Returns a time as the column has it."""
    if unit == "iso":
        return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat()
    return seconds * _UNITS[unit]
