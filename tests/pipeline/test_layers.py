"""Every room imports only what it may, and importing the command line is cheap."""

import ast
import graphlib
import importlib.metadata
import subprocess
import sys

import pytest

from support import ROOT

MAY_IMPORT = {
    "transform": (),
    "trainer": ("trainer.data", "trainer.fit", "trainer.model", "transform"),
    "trainer.data": ("trainer.config", "transform"),
    "trainer.model": ("trainer.config", "trainer.data", "transform"),
    "trainer.fit": ("trainer.config", "trainer.data", "trainer.model", "transform"),
    "trainer.tuning": ("trainer", "transform"),
    "components": (),
    "components.ingestion": ("transform",),
    "components.validation": ("transform",),
    "components.training": ("transform",),
    "components.bundle": ("transform",),
    "components.erasure": ("components.bundle", "transform"),
    "components.canary": ("components.bundle", "transform"),
    "components.evaluation": ("components.bundle", "transform"),
    "components.registry": ("components.bundle", "components.evaluation", "transform"),
    "serving": ("serving.client", "serving.page", "serving.web"),
    "serving.client": ("serving.bearer", "transform"),
    "serving.page": ("serving.client", "serving.version_folders", "transform"),
    "serving.stand_in": ("serving.version_folders", "serving.web"),
    "serving.web": ("serving.bearer",),
    "pipeline": ("components", "trainer", "transform"),
    "pipeline.settings": ("pipeline.config",),
    "pipeline.presets": ("components.ingestion", "pipeline.config", "pipeline.settings"),
    "pipeline.datasets": ("components.ingestion",),
    "pipeline.inference": ("components.bundle", "serving.client", "transform"),
    "pipeline.rollout": (
        "components.bundle",
        "components.erasure",
        "components.registry",
        "serving.client",
    ),
    "pipeline.runs": (
        "components.bundle.manifest",
        "components.evaluation",
        "components.registry",
        "pipeline.config",
        "pipeline.inference",
        "pipeline.monitoring",
        "pipeline.nodes",
        "pipeline.settings",
        "transform",
    ),
    "pipeline.report": ("pipeline.runs",),
    "pipeline.monitoring": ("components.bundle", "components.registry", "pipeline.config"),
    "pipeline.kubeflow.environment": ("pipeline.settings", "transform"),
    "pipeline.kubeflow.compiler": (
        "pipeline.config",
        "pipeline.graph",
        "pipeline.kubeflow.environment",
        "pipeline.nodes",
        "pipeline.presets",
        "pipeline.settings",
    ),
    "pipeline.kubeflow.container": (
        "components.bundle",
        "components.evaluation",
        "components.ingestion",
        "components.registry",
        "pipeline.config",
        "pipeline.kubeflow.compiler.packing",
        "pipeline.kubeflow.compiler.parameters_of_runs",
        "pipeline.kubeflow.environment",
        "pipeline.monitoring",
        "pipeline.nodes",
    ),
    "pipeline.kubeflow.api": (
        "components.ingestion.spans",
        "pipeline.kubeflow.environment",
        "pipeline.runs.tables",
        "serving.bearer",
    ),
    "pipeline.cli": ("components", "pipeline", "serving", "trainer", "transform"),
}
"""By room, a folder with all in it that is no room of its own: what it may import besides itself.

The cache follows these imports: what a room imports decides when its components run again."""

PACKAGES = sorted({room.split(".")[0] for room in MAY_IMPORT})
OURS = {*PACKAGES, "benchmarks", "tests", "tools"}


def imported(path, root):
    """Yields the dotted names of the modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports by a relative path"
            folder = root.joinpath(*node.module.split("."))
            for alias in node.names:
                inner = folder / alias.name
                is_module = inner.is_dir() or inner.with_suffix(".py").is_file()
                yield f"{node.module}.{alias.name}" if is_module else node.module


def is_in(module, name):
    return module == name or module.startswith(f"{name}.")


def room_of(module):
    """Returns the innermost room that a module lies in, "" if none."""
    return max((room for room in MAY_IMPORT if is_in(module, room)), key=len, default="")


def violations(root):
    return [
        f"{path.relative_to(root)} imports {name}"
        for package in PACKAGES
        for path in sorted((root / package).rglob("*.py"))
        for room in [room_of(".".join(path.relative_to(root).with_suffix("").parts))]
        for name in dict.fromkeys(imported(path, root))
        if name.split(".")[0] in OURS
        and room_of(name) != room
        and not any(is_in(name, allowed) for allowed in MAY_IMPORT[room])
    ]


def test_no_room_imports_what_it_may_not():
    assert violations(ROOT) == []


def neighbours(package, root):
    """Returns what each module or folder of a package imports of the others."""
    graph = {}
    for path in sorted((root / package).rglob("*.py")):
        own = path.relative_to(root).with_suffix("").parts[1]
        others = {
            name.split(".")[1]
            for name in imported(path, root)
            if is_in(name, package) and "." in name
        }
        graph.setdefault(own, set()).update(others - {own})
    return graph


@pytest.mark.parametrize("package", [name for name in PACKAGES if name != "transform"])  # one room
def test_no_circle_of_rooms(package):
    graphlib.TopologicalSorter(neighbours(package, ROOT)).prepare()


def test_a_circle_is_noticed(tmp_path):
    for own, other in ("ab", "ba"):
        (tmp_path / "pipeline" / own).mkdir(parents=True)
        (tmp_path / "pipeline" / own / "good.py").write_text(f"import pipeline.{other}.good\n")
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter(neighbours("pipeline", tmp_path)).prepare()


def test_no_room_of_the_table_is_gone():
    assert [room for room in MAY_IMPORT if not ROOT.joinpath(*room.split(".")).is_dir()] == []


@pytest.mark.parametrize(
    ("path", "source", "name"),
    [
        ("transform/bad.py", "from trainer import run", "trainer"),
        ("trainer/bad.py", "import trainer.tuning.trials", "trainer.tuning.trials"),
        ("trainer/data/bad.py", "from trainer.run import run_fn", "trainer.run"),
        ("components/bundle/bad.py", "def f():\n    from components import registry", "components"),
        ("components/ingestion/readers/bad.py", "import components.bundle", "components.bundle"),
        ("pipeline/bad.py", "import pipeline.cli.main", "pipeline.cli.main"),
        ("pipeline/runs/bad.py", "import pipeline.cli.main", "pipeline.cli.main"),
        ("serving/page/bad.py", "import components.bundle", "components.bundle"),
        ("serving/bad.py", "from benchmarks import ours", "benchmarks"),
        ("trainer/model/bad.py", "from components.bundle import build", "components.bundle"),
        ("components/bundle/bad.py", "import trainer.export", "trainer.export"),
        ("transform/bad.py", "import components.ingestion.tables", "components.ingestion.tables"),
        ("serving/client/bad.py", "from serving import stand_in", "serving"),
        ("serving/page/bad.py", "from serving.stand_in import flags", "serving.stand_in"),
    ],
)
def test_a_planted_violation_is_noticed(tmp_path, path, source, name):
    planted = tmp_path / path
    planted.parent.mkdir(parents=True)
    planted.write_text(f"{source}\n")
    assert violations(tmp_path) == [f"{path} imports {name}"]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("transform/good.py", "from transform import features"),
        ("trainer/tuning/good.py", "from trainer import run"),
        ("components/registry/good.py", "from components.bundle import manifest"),
        ("components/ingestion/good.py", "from components.ingestion.readers import grouplens"),
        ("pipeline/cli/good.py", "from serving.serve import serve"),
        ("serving/good.py", "import tensorflow, serving.page.app"),
    ],
)
def test_what_is_allowed_is_no_violation(tmp_path, path, source):
    planted = tmp_path / path
    planted.parent.mkdir(parents=True)
    planted.write_text(f"{source}\n")
    assert violations(tmp_path) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_installed_package_takes_our_names(package):
    distributions = importlib.metadata.packages_distributions().get(package, [])
    assert set(distributions) <= {"movielens-tfx"}


def test_files_are_read_and_checked_without_tensorflow():
    program = (
        "import sys\n"
        "from components.ingestion import guess, tables\n"
        "from components.ingestion.readers import layout\n"
        "heavy = {'tensorflow', 'tfx', 'apache_beam'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, capture_output=True)


def test_help_needs_no_tensorflow():
    program = (
        "import sys; from pipeline.cli import main\n"
        "assert main.main(['--help']) == main.main(['run', '--help']) == 0\n"
        "heavy = {'tensorflow', 'tfx', 'apache_beam', 'pandas', 'kfp'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, capture_output=True)
