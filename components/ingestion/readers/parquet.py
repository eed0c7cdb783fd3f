"""Parquet files: raw columns in the file's own types."""

import pathlib
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet

from components.ingestion.faults import Faults
from components.ingestion.readers.shards import Shard


def read(path: pathlib.Path, wanted: Sequence[str], faults: Faults) -> Shard | None:
    """Reads columns of a Parquet file.

    Args:
        path: The file.
        wanted: Names of the columns to read.
        faults: Told what is wrong.

    Returns:
        The columns that the file has; None where nothing can be made of it.
    """
    if not path.stat().st_size:
        return Shard(path, pa.table({}), ())
    try:
        file = pyarrow.parquet.ParquetFile(path)
        names = tuple(file.schema_arrow.names)
        # Dictionaries within a file are one, so that texts need not be spelled out.
        texts = [
            field.name
            for field in file.schema_arrow
            if field.name in wanted and pa.types.is_string(field.type)
        ]
        file = pyarrow.parquet.ParquetFile(path, read_dictionary=texts)
        table = file.read(columns=[name for name in wanted if name in names])
        table.validate(full=True)  # UTF-8, and codes of dictionaries
    except (pa.ArrowException, OSError) as error:
        faults.add(
            "not-parquet",
            path,
            f"can't be read as Parquet: {str(error).rstrip('.')}",
            "Write or copy it anew.",
        )
        faults.unreadable(path)
        return None
    return Shard(path, table, names)
