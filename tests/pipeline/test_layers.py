"""A lower layer never imports an upper one, and importing the command line is cheap."""

import ast
import importlib.metadata
import subprocess
import sys

import pytest

from support import ROOT

MAY_IMPORT = {
    "transform": {"transform"},
    "trainer": {"trainer", "transform"},
    "components": {"components", "transform"},
    "pipeline": {"pipeline", "components", "trainer", "transform"},
}
OURS = {*MAY_IMPORT, "benchmarks", "tests", "tools"}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports by a relative path"
            yield node.module


def violations(root):
    return [
        f"{path.relative_to(root)} imports {name}"
        for package, allowed in MAY_IMPORT.items()
        for path in sorted((root / package).rglob("*.py"))
        for name in imported(path)
        if name.split(".")[0] in OURS - allowed
    ]


def test_no_layer_imports_an_upper_one():
    assert violations(ROOT) == []


def test_a_planted_violation_is_found(tmp_path):
    (tmp_path / "transform").mkdir()
    (tmp_path / "transform" / "bad.py").write_text("from trainer import run\n")
    assert violations(tmp_path) == ["transform/bad.py imports trainer"]


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_no_installed_package_takes_our_names(package):
    distributions = importlib.metadata.packages_distributions().get(package, [])
    assert set(distributions) <= {"movielens-tfx"}


def test_help_needs_no_tensorflow():
    program = (
        "import sys; from pipeline.cli import main\n"
        "assert main.main(['--help']) == main.main(['run', '--help']) == 0\n"
        "heavy = {'tensorflow', 'tfx', 'apache_beam', 'pandas', 'kfp'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, capture_output=True)
