"""What is wrong with the files of a data set: kinds of faults, counts, first examples, remedies."""

import dataclasses
import json
import os
import pathlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from components.ingestion.readers.shards import Shard

EXAMPLES = 3
SHOWN_LENGTH = 80
REMEDY_OF_FILES = (
    "Give whoever runs this the right to read it; if it is being written anew, wait and run again."
)


@dataclasses.dataclass(frozen=True)
class Example:
    """One place where a fault is."""

    file: str
    problem: str
    """What is wrong there, with the value, without a full stop."""

    value: str = ""
    line: int | None = None
    """1-based line of the file, or row of a Parquet file; None if no single one is at fault."""

    unit: str = "line"
    """What `line` counts: "line" or "row"."""

    def __str__(self) -> str:
        place = "" if self.line is None else f", {self.unit} {self.line}"
        return f"{self.file}{place}: {self.problem}"


@dataclasses.dataclass(frozen=True)
class Fault:
    """One kind of fault, with how often it occurs and its first examples."""

    kind: str
    """Such as "not-a-number"."""

    remedy: str
    """What the reader can do about it, in full sentences."""

    count: int
    examples: tuple[Example, ...]

    def __str__(self) -> str:
        first, *others = self.examples
        text = f"{first}. {self.remedy}"
        for example in others:
            text += f"\n    also {example}."
        if self.count > len(self.examples):
            text += f"\n    {self.count:,} in all."
        return text


class DataErrors(ValueError):  # noqa: N818
    """The files are not what they should be. Lists what is wrong, where, and what to do."""

    def __init__(self, faults: Sequence[Fault] | str) -> None:
        if isinstance(faults, str):  # Beam, and pickle, make an error anew of its message
            super().__init__(faults)
            self.faults: tuple[Fault, ...] = ()
        else:
            super().__init__("\n".join(map(str, faults)))
            self.faults = tuple(faults)


def data_error(kind: str, path: pathlib.Path, problem: str, remedy: str) -> DataErrors:
    """Returns the error for a single fault of a file or folder, for the caller to raise."""
    return DataErrors([Fault(kind, remedy, 1, (Example(str(path), problem),))])


def reason(error: Exception) -> str:
    """Returns why the system refused a file, in few words."""
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number else cut(str(error)).strip(". ")


class Faults:
    """Faults as they are found, those of one kind together."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        """What is told and does not hinder."""

        self._faults: dict[tuple[str, str, str], Fault] = {}
        self._unreadable: set[pathlib.Path] = set()

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults.values())

    def __bool__(self) -> bool:
        return bool(self._faults)

    def warn(self, text: str) -> None:
        """Adds a warning, once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def unreadable(self, path: pathlib.Path) -> None:
        """Notes that rows of a file are missing, so that nothing is concluded from their lack."""
        self._unreadable.add(path)

    def any_unreadable(self) -> bool:
        """Returns whether rows of some file are missing."""
        return bool(self._unreadable)

    def add(
        self,
        kind: str,
        path: pathlib.Path,
        problem: str,
        remedy: str,
        *,
        line: int | None = None,
        value: str = "",
        about: str = "",
    ) -> None:
        """Adds one fault of a file.

        Args:
            kind: Of the fault.
            path: The file or folder at fault.
            problem: What is wrong, with the value, without a full stop.
            remedy: What to do, in full sentences.
            line: 1-based line of the file, if one is at fault.
            value: The value at fault.
            about: What faults are told apart by besides kind and remedy, such as a column.
        """
        self._extend(kind, remedy, about, 1, [Example(str(path), problem, cut(value), line)])

    def add_rows(
        self,
        kind: str,
        shard: "Shard",
        rows: Sequence[int] | npt.NDArray[np.int64],
        describe: Callable[[int], tuple[str, str]],
        remedy: str,
        *,
        about: str = "",
    ) -> None:
        """Adds one fault of many rows of a file.

        Args:
            kind: Of the fault.
            shard: The file.
            rows: 0-based rows at fault, ascending.
            describe: Gives the value and the problem of a row; called for the first ones only.
            remedy: What to do.
            about: What faults are told apart by besides kind and remedy.
        """
        examples = []
        for row in rows[: EXAMPLES - len(self._examples(kind, remedy, about))]:
            value, problem = describe(int(row))
            examples.append(
                Example(str(shard.path), problem, cut(value), shard.line(int(row)), shard.unit)
            )
        self._extend(kind, remedy, about, len(rows), examples)

    def _examples(self, kind: str, remedy: str, about: str) -> tuple[Example, ...]:
        fault = self._faults.get((kind, about, remedy))
        return fault.examples if fault else ()

    def _extend(
        self, kind: str, remedy: str, about: str, count: int, examples: Iterable[Example]
    ) -> None:
        if not count:
            return
        key = (kind, about, remedy)
        before = self._faults.get(key, Fault(kind, remedy, 0, ()))
        self._faults[key] = Fault(
            kind, remedy, before.count + count, (*before.examples, *examples)[:EXAMPLES]
        )


@dataclasses.dataclass(frozen=True)
class Report:
    """What a folder of data holds, and all that is wrong with it."""

    definition: str
    """Name of the definition."""

    layout: str
    files: tuple[str, ...]
    counts: dict[str, int]
    """Rows read, and items, users and events kept."""

    dropped: dict[str, int]
    """Events left out, by the reason."""

    faults: tuple[Fault, ...]
    warnings: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether a run would take the data."""
        return not self.faults

    def to_json(self) -> str:
        """Returns the report for programs."""
        content: dict[str, Any] = {"ok": self.ok, **dataclasses.asdict(self)}
        return json.dumps(content, ensure_ascii=False, indent=2)

    def text(self) -> str:
        """Returns the report for people."""
        lines = [f"{self.definition}: {self.layout or 'no known'} layout, {len(self.files)} files"]
        width = max((len(f"{count:,}") for count in self.counts.values()), default=0)
        lines += [f"  {count:>{width},} {name}" for name, count in self.counts.items()]
        lines += [f"  {count:,} events left out: {why}" for why, count in self.dropped.items()]
        lines += [f"Note: {warning}" for warning in self.warnings]
        if self.ok:
            return "\n".join([*lines, "Nothing is wrong."])
        total = sum(fault.count for fault in self.faults)
        lines.append(f"{total:,} faults of {len(self.faults)} kinds:")
        return "\n".join([*lines, *(f"- {fault}" for fault in self.faults)])


def cut(text: str) -> str:
    """Returns a value as messages show it: cut when it is long."""
    return text if len(text) <= SHOWN_LENGTH else text[:SHOWN_LENGTH] + "…"


def quoted(text: str) -> str:
    """Returns a value in quotes, cut when it is long.

    Example:
        >>> quoted("Heat")
        "'Heat'"
    """
    return repr(cut(text))
