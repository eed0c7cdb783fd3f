"""Who may import whom inside `serving`, and what `serving` may import of this project."""

import ast

from support import ROOT

OURS = {"pipeline", "components", "trainer", "transform", "serving", "benchmarks", "tests", "tools"}
SERVING = ROOT / "serving"


def imported(path):
    """Names of the modules that a file imports, `from a import b` as `a.b`."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_serving_imports_nothing_of_ours_but_transform():
    for path in SERVING.rglob("*.py"):
        of_ours = {name.split(".")[0] for name in imported(path)} & OURS
        assert of_ours <= {"serving", "transform"}, path


def test_only_the_stand_in_imports_the_stand_in():
    for path in SERVING.rglob("*.py"):
        if "stand_in" not in path.parts:
            assert not any(name.startswith("serving.stand_in") for name in imported(path)), path


def test_the_stand_in_imports_nothing_that_registers_ops():
    for path in (SERVING / "stand_in").glob("*.py"):
        for name in imported(path):
            if name.split(".")[0] in OURS:
                assert name.startswith(("serving.stand_in", "serving.version_folders")), path


def test_an_import_is_seen_in_every_form(tmp_path):
    file = tmp_path / "bad.py"
    file.write_text("import serving.stand_in.flags\ndef f():\n    from serving import stand_in\n")
    assert imported(file) == {"serving.stand_in.flags", "serving.stand_in"}
