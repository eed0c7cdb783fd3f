"""A typed table, and the files that it was put together from."""

import dataclasses
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.ingestion.readers.shards import Shard, locate

Told: TypeAlias = tuple[str, str]
"""A value at fault, and the problem with it."""


@dataclasses.dataclass(frozen=True)
class Source:
    """A typed table, and the files that it was put together from."""

    shards: Sequence[Shard]
    table: pa.Table

    @property
    def names(self) -> str:
        """Names of the files, for messages."""
        first = self.shards[0].path if self.shards else None
        if first is None:
            return "no file"
        return first.name if len(self.shards) == 1 else f"{first.parent.name}/"

    def place(self, row: int, other: Shard) -> str:
        """Returns where a row is, said in a message about another file or the same."""
        shard, inside, _ = next(locate(self.shards, np.array([row])))
        line = f"{shard.unit} {shard.line(int(inside[0]))}"
        return line if shard.path == other.path else f"{line} of {shard.path}"


def codes_of(table: pa.Table, name: str) -> npt.NDArray[np.int32]:
    """Returns which distinct text each row has, -1 for none."""
    column = _single(table, name)
    indices = column.indices.fill_null(-1) if column.null_count else column.indices
    codes: npt.NDArray[np.int32] = indices.to_numpy()
    return codes


def values_of(table: pa.Table, name: str) -> pa.Array:
    """Returns the distinct texts of a column."""
    return _single(table, name).dictionary


def _single(table: pa.Table, name: str) -> pa.DictionaryArray:
    column = table.column(name)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    return column.unify_dictionaries().combine_chunks()
