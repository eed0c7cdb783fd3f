"""Data that the tests of the trainer share."""

import pytest

from support import transformed


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Transformed data on disk; see `support.transformed`."""
    return transformed.write(tmp_path_factory.mktemp("data"))
