"""Settings and data that all tests share."""

import importlib.util
import os
import pathlib
import types
from collections.abc import Callable

import pytest

# TensorFlow reads these when it is first imported, which only happens after this file.
os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"


@pytest.fixture(scope="session")
def write_checkerboard() -> Callable[..., pathlib.Path]:
    """The function of that name in `generated_movielens.py`."""
    return _beside("generated_movielens").write_checkerboard


@pytest.fixture(scope="session")
def tiny() -> types.ModuleType:
    """The module `tiny_bundle.py`."""
    return _beside("tiny_bundle")


def _beside(name: str) -> types.ModuleType:
    """Imports a module that lies here; no package makes it importable."""
    path = pathlib.Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
