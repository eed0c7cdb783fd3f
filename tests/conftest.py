"""Settings and data that all tests share."""

import importlib.util
import os
import pathlib
from collections.abc import Callable

import pytest

# TensorFlow reads these when it is first imported, which only happens after this file.
os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"


@pytest.fixture(scope="session")
def write_checkerboard() -> Callable[..., pathlib.Path]:
    """The function of that name in `generated_movielens.py`, which no package makes importable."""
    path = pathlib.Path(__file__).with_name("generated_movielens.py")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.write_checkerboard
