import subprocess
import sys

import pytest

PROGRAM = """
import sys
sys.path.insert(0, {folder!r})
from pipeline.kubeflow.container.lazy_packages import import_on_demand
import_on_demand("parent")
import_on_demand("parent.eager")
{use}
print(sorted(name for name in sys.modules if name.startswith("parent")))
"""


@pytest.fixture
def package(tmp_path):
    eager = tmp_path / "parent" / "eager"
    eager.mkdir(parents=True)
    (tmp_path / "parent" / "__init__.py").write_text("")
    (eager / "__init__.py").write_text(
        "from parent.eager.light import X\nimport parent.eager.heavy"
    )
    (eager / "light.py").write_text("X = 1")
    (eager / "heavy.py").write_text("Y = 2")
    return tmp_path


def run(package, use):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(folder=str(package), use=use)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("use", "imported"),
    [
        ("pass", []),
        ("import parent.eager.light; assert parent.eager.light.X == 1", ["light"]),
        ("from parent.eager import light; assert light.X == 1", ["light"]),
        ("import parent; assert parent.eager.light.X == 1", ["light"]),
        ("from parent.eager import X; assert X == 1", ["heavy", "light"]),
        ("import parent; assert parent.eager.X == 1", ["heavy", "light"]),
        ("from parent.eager import *; assert X == 1", ["heavy", "light"]),
        ("import parent; assert not hasattr(parent.eager, '__wrapped__')", []),
    ],
    ids=["nothing", "import", "from", "attribute", "of-init", "attribute-of-init", "all", "asked"],
)
def test_imports_what_is_asked_for(package, use, imported):
    done = run(package, use)
    names = ["parent", "parent.eager", *(f"parent.eager.{name}" for name in imported)]
    assert done.stdout.strip() == str(names), done.stderr


def test_name_that_is_known_without_running_the_package(package):
    use = "del sys.modules['parent.eager']; import_on_demand('parent.eager', X=3)\n"
    done = run(package, use + "from parent.eager import X; assert X == 3")
    assert done.stdout.strip() == "['parent', 'parent.eager']", done.stderr


def test_module_runs_when_an_unknown_name_is_asked_for(package):
    use = "import_on_demand('parent.eager.light', Z=3)\nfrom parent.eager.light import Z, X\n"
    assert run(package, use + "assert (X, Z) == (1, 3)").returncode == 0


def test_package_that_its_parent_has_imported_is_left_as_it_is(package):
    (package / "parent" / "__init__.py").write_text("from parent import eager")
    use = "del sys.modules['parent'], sys.modules['parent.eager']\nimport_on_demand('parent.eager')"
    done = run(package, f"{use}\nimport parent; assert sys.modules['parent.eager'] is parent.eager")
    assert "parent.eager.heavy" in done.stdout, done.stderr


def test_unknown_name(package):
    done = run(package, "from parent.eager import nothing")
    assert "ImportError: cannot import name 'nothing'" in done.stderr


def test_unknown_package(package):
    done = run(package, "import_on_demand('parent.absent')")
    assert "ModuleNotFoundError: No package 'parent.absent'" in done.stderr
