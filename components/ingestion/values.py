"""Arrow columns as values of `tf.Example` features, by the kind of the feature."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from transform.kinds import Categories, Feature, Number, Time, Vector

Field: TypeAlias = Literal["bytes_list", "float_list", "int64_list"]
FeatureMap: TypeAlias = Any
"""`tf.train.Features.feature`: from names to features."""


@dataclasses.dataclass(frozen=True)
class RecordColumn:
    """A feature of items or of users: record `i` has `values[offsets[i] : offsets[i + 1]]`."""

    name: str
    """Of the feature."""

    field: Field
    """Which list of a `tf.train.Feature` the values belong to."""

    values: Sequence[Any]
    """The values that are there, one record after another: bytes, float32 or int64."""

    offsets: list[int]
    """`[records + 1]`."""

    def add(self, record: int, feature: FeatureMap) -> None:
        """Adds the values of a record to an example; nothing where they are missing."""
        start, end = self.offsets[record], self.offsets[record + 1]
        if start < end:
            getattr(feature[self.name], self.field).value.extend(self.values[start:end])


def record_column(name: str, kind: Feature, column: pa.ChunkedArray) -> RecordColumn:
    """Returns a column of the tables of items or users.

    Args:
        name: Of the feature.
        kind: Of the feature; says how Arrow holds it.
        column: One entry a record; null where it is missing.
    """
    array = _whole(column)
    present = array.is_valid().to_numpy(zero_copy_only=False)
    if isinstance(kind, Vector):
        values, lengths = _vectors(array).ravel(), present * kind.size
    elif isinstance(kind, Categories):
        values = _values(array.flatten())
        lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy()
    else:
        values, lengths = _values(array.drop_null()), present
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    # Slices of a view are cheap, and give Python's numbers.
    sequence = values.tolist() if values.dtype == object else values.data
    return RecordColumn(name, _field(kind), sequence, offsets.tolist())


@dataclasses.dataclass(frozen=True)
class EventColumn:
    """A feature of events, which timelines hold as one of several parallel lists."""

    field: Field
    """Which list of a `tf.train.Feature` the values belong to."""

    values: npt.NDArray[Any]
    """`[events]` numbers or codes of texts, or `[events, size]` vectors."""

    texts: npt.NDArray[np.object_] | None = None
    """The text of each code, as bytes; None where there are no codes."""

    def add(self, rows: npt.NDArray[np.int64], name: str, feature: FeatureMap) -> None:
        """Adds the values of some events to an example, in their order, under a name."""
        values = self.values[rows]
        if self.texts is not None:
            values = self.texts[values]
        getattr(feature[name], self.field).value.extend(values.ravel().tolist())


def event_column(kind: Feature | None, column: pa.ChunkedArray) -> EventColumn:
    """Returns a column of the table of events; "", NaN and zeros stand for missing values.

    Args:
        kind: Of the feature; None: the column is built in, and never missing.
        column: One entry an event, in input order.
    """
    array = _whole(column)
    if isinstance(kind, Vector):
        vectors = np.zeros((len(array), kind.size), np.float32)
        present = array.is_valid().to_numpy(zero_copy_only=False)
        vectors[present] = _vectors(array)
        return EventColumn("float_list", vectors)
    if pa.types.is_dictionary(array.type):
        codes, texts = codes_and_texts(column)
        return EventColumn("bytes_list", codes, texts)
    if pa.types.is_floating(array.type):
        return EventColumn("float_list", pc.fill_null(array, np.nan).to_numpy())
    return EventColumn("int64_list", array.to_numpy())


def codes_and_texts(
    column: pa.ChunkedArray,
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.object_]]:
    """Returns the code of each entry of a dictionary column, and the text of each code.

    Returns:
        `[entries]` int32 codes, and `[texts + 1]` bytes: the last is b"", of missing entries.
    """
    array = _whole(column)
    texts = _values(array.dictionary)
    codes = pc.fill_null(array.indices, len(texts)).to_numpy()
    return codes, np.append(texts, np.array([b""], object))


def _field(kind: Feature) -> Field:
    if isinstance(kind, (Number, Vector)):
        return "float_list"
    return "int64_list" if isinstance(kind, Time) else "bytes_list"


def _values(array: pa.Array) -> npt.NDArray[Any]:
    """Returns an array without nulls; texts as an array of bytes."""
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        array = array.cast(pa.binary() if pa.types.is_string(array.type) else pa.large_binary())
    values: npt.NDArray[Any] = array.to_numpy(zero_copy_only=False)
    return values


def _vectors(array: pa.FixedSizeListArray) -> npt.NDArray[np.float32]:
    """Returns the vectors that are there, `[present, size]`."""
    flat = array.drop_null().flatten().to_numpy()
    return flat.reshape(-1, array.type.list_size)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """Returns a column in one piece, with one dictionary if it has any."""
    return column.unify_dictionaries().combine_chunks()
