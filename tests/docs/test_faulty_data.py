"""The examples of faults in the reference: one for every kind that the readers tell of."""

import ast
import sys

import pytest

from support import ROOT

OF_MOVIELENS = {"genre-flag"}  # only a file of MovieLens 100K can have it
OF_INIT = "sample.py"  # what `init` looks at; `check` never does
CALLS = ("add", "add_rows", "refuse", "_refuse", "data_error")


@pytest.fixture(scope="module")
def messages():
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(str(ROOT / "tools" / "docs"))
        import faulty_data

        yield dict(faulty_data.messages())
    sys.modules.pop("faulty_data")


def kinds_in_the_code():
    """Returns the kinds of faults that stand as texts where faults are added."""
    kinds = set()
    for path in (ROOT / "components" / "ingestion").rglob("*.py"):
        if path.name == OF_INIT:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            first = node.args[0]
            if called in CALLS and isinstance(first, ast.Constant) and isinstance(first.value, str):
                kinds.add(first.value)
    return kinds


def test_every_kind_has_an_example(messages):
    known = kinds_in_the_code()
    assert len(known) > 25
    assert known - OF_MOVIELENS - set(messages) == set()


def test_every_example_names_a_file_and_a_remedy(messages):
    for message in messages.values():
        assert message.startswith(("items", "users", "events", "data/shop")), message
        assert "/tmp" not in message and message.endswith("."), message
