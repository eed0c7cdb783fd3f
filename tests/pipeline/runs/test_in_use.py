import pytest

from pipeline.runs import in_use


def test_runs_share_a_folder_and_cleaning_waits_for_none(tmp_path):
    refused = pytest.raises(ValueError, match=f"A run is in progress under {tmp_path}")
    with in_use.by_a_run(tmp_path), in_use.by_a_run(tmp_path), refused, in_use.by_nobody(tmp_path):
        pass
    with in_use.by_nobody(tmp_path):
        pass
