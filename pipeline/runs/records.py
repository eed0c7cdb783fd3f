"""What ran, when, and how it ended: one small JSON file a run, readable without TensorFlow."""

import dataclasses
import json
import os
import pathlib
from collections.abc import Sequence
from typing import Any

from pipeline.runs import record_paths, run_ids
from transform.datasets import MOVIELENS

RUNS = pathlib.Path("runs")
SCHEMA = 1
RUNNING, BLESSED, NOT_BLESSED, FAILED, INTERRUPTED, KILLED = (
    "running",
    "blessed",
    "not blessed",
    "failed",
    "interrupted",
    "killed",
)
WHY_KILLED = (
    "Its process ended without a word: killed, out of memory (`dmesg` tells), or the machine "
    "stopped. The same command goes on from what was finished."
)


@dataclasses.dataclass
class RunRecord:
    """One run. Written when it starts and again when it ends.

    Paths are absolute here. In the file those under the output folder are relative to it, and where
    the file lies decides which folder that is: a copied folder speaks of itself.
    """

    run_id: str
    """Name of the run, also in ML Metadata."""

    preset: str
    """Preset that it started from."""

    data: str
    """Folder of its data, or the pattern of folders."""

    output: str
    """Output folder."""

    log: str
    """Path of its log file."""

    definition: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Definition of its data, as JSON has it; empty in records that are older than this."""

    span: int = 0
    """Span of its data; 0 where that is one plain folder."""

    as_of: str = ""
    """Moment that its data was looked at from, ISO 8601; empty if none was stated."""

    status: str = RUNNING
    """How it ended, or "running". "killed" is never written: readers notice it."""

    seconds: float = 0.0
    """Wall seconds from start to end."""

    cpu_seconds: float = 0.0
    """CPU seconds of the process and its children."""

    gigabytes: float = 0.0
    """Most memory that the process held, in 10^9 bytes; 0 in records that are older than this."""

    components: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    """By component: `seconds`, `cpu_seconds`, and whether a result was reused (`cached`)."""

    reasons: list[str] = dataclasses.field(default_factory=list)
    """Why it was not blessed, or the error."""

    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Every setting by its name with dots; empty in records that are older than this."""

    counts: dict[str, int] = dataclasses.field(default_factory=dict)
    """`users`, `items` and `events` that the bundle knows; empty in records older than this. Where
    a moment was stated, `set_aside`: the events that are later."""

    metrics: dict[str, dict[str, float]] = dataclasses.field(default_factory=dict)
    """By slice ("" for all): metric values on `test`."""

    pushed: str = ""
    """Path of the pushed version, or empty."""

    same_as: str = ""
    """Path of the version that was the same bundle already, where that is why none was pushed."""

    served: str = ""
    """Path of the version that was served when the run ended, or empty."""

    label: str = ""
    """Label of that version; empty where the newest is served without one."""

    schema: int = SCHEMA
    """Schema of the record. It grows when older code can no longer read it; fields may be added
    without."""

    @property
    def model(self) -> str:
        """Name of the model that it served; older records are of MovieLens."""
        return str(self.definition.get("name", MOVIELENS))

    @property
    def nouns(self) -> str:
        """What people call its items; older records are of movies."""
        item = self.definition.get("item", {"noun": "movie", "plural": ""})
        return str(item["plural"] or f"{item['noun']}s")

    def write(self, folder: pathlib.Path) -> None:
        """Writes the record into a folder of records, whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        final = folder / f"{self.run_id}.json"
        temporary = final.with_suffix(".tmp")
        document = record_paths.to_relative(dataclasses.asdict(self))
        temporary.write_text(json.dumps(document, indent=1), encoding="utf-8")
        os.replace(temporary, final)


def read_all(runs: pathlib.Path) -> list[RunRecord]:
    """Returns the records of every run under `runs/*/records` or `runs/records`, oldest first.

    Raises:
        ValueError: A record can't be read; the message names the file.
    """
    paths = [*runs.glob("*/records/*.json"), *runs.glob("records/*.json")]
    return sorted((_read(path) for path in paths), key=lambda record: record.run_id)


def find(runs: pathlib.Path, run_id: str | None, pushed: bool = False) -> RunRecord:
    """Returns the named run, or the last one that was evaluated (or pushed).

    Raises:
        LookupError: There is none; the message says what to do.
    """
    records = read_all(runs)
    if run_id is not None:
        return _useful(named(records, run_id, runs), pushed)
    wanted = [record for record in records if (record.pushed if pushed else record.metrics)]
    if not wanted:
        what = "pushed" if pushed else "evaluated"
        raise LookupError(f"No run under {runs} was {what} yet; start one with `movielens run`.")
    return wanted[-1]


def named(records: Sequence[RunRecord], run_id: str, runs: pathlib.Path) -> RunRecord:
    """Returns the run of a name, however it ended.

    Args:
        records: All of them.
        run_id: The name.
        runs: The folder that they are from, for the message.

    Raises:
        LookupError: There is none, or there are several; the message says what to do.
    """
    matches = [record for record in records if record.run_id == run_id]
    if not matches:
        raise LookupError(f"No run {run_id!r} under {runs}; `movielens runs` lists them.")
    if len(matches) > 1:
        folders = ", ".join(record.output for record in matches)
        raise LookupError(f"{len(matches)} runs are called {run_id}; name one of {folders}: --runs")
    return matches[0]


def _useful(record: RunRecord, pushed: bool) -> RunRecord:
    """Returns the record if it was evaluated (or pushed).

    Raises:
        LookupError: It was not; the message says how it ended.
    """
    if record.pushed if pushed else record.metrics:
        return record
    what = "pushed nothing" if pushed else "was not evaluated"
    why = "; ".join(record.reasons)
    raise LookupError(f"Run {record.run_id} {what}: it is {record.status}. {why}".rstrip())


def _read(path: pathlib.Path) -> RunRecord:
    """Reads a record; fields that a later revision added are left out.

    One that still says "running" though its process has ended is "killed".

    Raises:
        ValueError: It can't be read, or only by later code; the message names the file.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        schema = document.get("schema", SCHEMA)
        document = record_paths.to_absolute(document, path.parent.parent)
        known = {field.name for field in dataclasses.fields(RunRecord)}
        record = RunRecord(**{name: document[name] for name in document if name in known})
    except (json.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a run record ({error!r}); remove it.") from error
    if schema > SCHEMA:
        raise ValueError(
            f"{path} has schema {schema}, this code reads up to {SCHEMA}: a later revision wrote "
            "it. Upgrade to that."
        )
    if record.status == RUNNING and run_ids.is_dead(record.log):
        record.status, record.reasons = KILLED, [WHY_KILLED]
    return record
