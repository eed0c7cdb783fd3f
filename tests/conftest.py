"""Settings and data that all tests share."""

import os
import pathlib
import types
from collections.abc import Callable

import pytest

# TensorFlow reads these when it is first imported, which only happens after this file.
os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the number of generated inputs of each test in `tests/fuzz`."""
    parser.addoption("--fuzz-cases", type=int, default=2000, help="inputs of each fuzz test (2000)")


@pytest.fixture(scope="session")
def fuzz_cases(pytestconfig: pytest.Config) -> int:
    """Number of generated inputs of each fuzz test."""
    return pytestconfig.getoption("--fuzz-cases")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the files with slow tests first, so that no core waits for the last of them."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def write_checkerboard() -> Callable[..., pathlib.Path]:
    """Writes generated data; see `support.generated_movielens`."""
    from support import generated_movielens

    return generated_movielens.write_checkerboard


@pytest.fixture(scope="session")
def tiny() -> types.ModuleType:
    """The module `support.tiny_bundle`, which imports TensorFlow."""
    from support import tiny_bundle

    return tiny_bundle
