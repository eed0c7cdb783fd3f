"""Who the users are, for the releases that say so."""

import numpy as np
import pyarrow as pa

from components.ingestion.faults import Faults
from components.ingestion.readers.grouplens.layout import Layout
from components.ingestion.readers.grouplens.lines import read_rows
from components.ingestion.readers.grouplens.ratings import refuse_empty
from components.ingestion.readers.shards import Shard

ML_100K = ("user_id", "age", "gender", "occupation", "zip")
ML_1M = ("user_id", "gender", "age", "occupation", "zip")


def read_users(layout: Layout, faults: Faults) -> Shard | None:
    """Reads the users file of a release; None where the release has none.

    Returns:
        Columns `user_id`, `age`, in years (ml-100k) or the first year of a bracket (ml-1m; 1 means
        under 18), `gender`, `occupation`, a word (ml-100k) or a code (ml-1m), and `zip`.
    """
    if layout.users is None:
        return None
    names = ML_100K if layout.name == "ml-100k" else ML_1M
    lines, rows = [], []
    for number, columns in read_rows(
        layout.users,
        delimiter=layout.delimiter,
        encoding=layout.encoding,
        column_count=len(names),
        faults=faults,
    ):
        lines.append(number)
        rows.append(columns)
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)] or [
        pa.array([], pa.string()) for _ in names
    ]
    shard = Shard(
        layout.users, pa.table(columns, names=list(names)), names, lambda: np.array(lines, np.int64)
    )
    refuse_empty(shard, ("age", "gender"), faults)
    return shard
