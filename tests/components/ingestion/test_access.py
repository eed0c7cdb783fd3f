import errno

import pytest
import tensorflow as tf

from components.ingestion.access import told_of
from components.ingestion.faults import DataErrors


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (PermissionError(errno.EACCES, "no", "/data"), "Permission denied"),
        (FileNotFoundError(errno.ENOENT, "no"), "No such file or directory"),
        (OSError("Not a gzipped file."), "Not a gzipped file"),
        (tf.errors.PermissionDeniedError(None, None, "403 of the bucket."), "403 of the bucket"),
        (tf.errors.NotFoundError(None, None, "no such object"), "no such object"),
    ],
    ids=["permission", "gone", "without-a-number", "of-a-bucket", "gone-from-a-bucket"],
)
def test_errors_of_file_systems_name_the_file_and_the_reason(error, why):
    with pytest.raises(DataErrors) as told, told_of("gs://bucket/u.data"):
        raise error
    assert str(told.value).startswith(f"gs://bucket/u.data: can't be read: {why}. Give whoever")


def test_other_errors_are_not_touched():
    with pytest.raises(KeyError), told_of("u.data"):
        raise KeyError("a fault of our own")
