"""Attempts to load; warm-up files and whole lives of versions are in `test_manager.py`."""

import pytest

from serving.stand_in.configuration import Settings
from serving.stand_in.errors import StatusCode
from serving.stand_in.loader import Loader
from serving.stand_in.metrics import Metrics
from serving.stand_in.served import Served
from serving.stand_in.versions import AVAILABLE, END, LOADING, Version


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def loader(metrics):
    settings = Settings(max_num_load_retries=1, load_retry_interval_micros=5_000_000)
    return Loader(Served(), settings, metrics, clock=lambda: 100.0)


def test_a_good_version_is_loaded_and_discarded(loader, metrics, write_half_plus, tmp_path):
    version = Version(1, str(write_half_plus(tmp_path, "1")))
    loader.load("half", version)
    assert (version.state, version.code, version.attempts) == (AVAILABLE, StatusCode.OK, 1)
    assert f'model_path="{version.path}",status="success"}} 1' in metrics.page()
    loader.discard(version)
    assert (version.state, version.servable, version.unwanted) == (END, None, True)


def test_a_bad_version_is_tried_again_and_then_given_up(loader, metrics, tmp_path):
    version = Version(1, str(tmp_path))
    loader.load("half", version)
    assert (version.state, version.next_attempt) == (LOADING, 105.0)
    assert version.message
    loader.load("half", version)
    assert (version.state, version.attempts) == (END, 2)
    assert f'model_path="{tmp_path}",status="fail"}} 2' in metrics.page()


def test_what_never_loaded_can_be_discarded(loader, tmp_path):
    version = Version(1, str(tmp_path))
    loader.discard(version)
    assert (version.state, version.unwanted) == (END, True)
