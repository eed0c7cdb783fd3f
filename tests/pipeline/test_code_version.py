"""The cache notices every edit, and only where it matters."""

import shutil
import subprocess

import pytest
from google.protobuf import json_format
from tfx.dsl.compiler import compiler

from pipeline import code_version
from pipeline.config import PipelineConfig, Tuning
from pipeline.graph import create_pipeline, create_tuning
from support import ROOT

CONFIG = PipelineConfig("movielens", "/data", "/root", "/serving/movielens")
EXAMPLE_GENS = {"ItemsExampleGen", "TimelinesExampleGen"}
GATES = {"TimelinesGate", "ItemsGate"}
SCHEMAS = {"TimelinesSchema", "ItemsSchema"}
TRANSFORMS = {"TimelinesTransform", "ItemsTransform"}
TRAINING = {"TwoTowerTrainer", "TwoTowerTuner"}
OF_THE_BUNDLE = {"CandidateIndex", "Evaluator", "Canary"}


@pytest.fixture
def copy(tmp_path):
    """The packages that components run, elsewhere."""
    for package in code_version.PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path


@pytest.fixture
def cache_keys(copy, monkeypatch):
    """Returns a function that returns what the cache knows of each component, as the copy is."""
    monkeypatch.setattr(code_version, "ROOT", copy)

    def keys():
        graphs = (create_pipeline(CONFIG), create_tuning(CONFIG, Tuning("/trials")))
        return {
            node.pipeline_node.node_info.id: json_format.MessageToDict(
                node.pipeline_node.parameters
            )
            for graph in graphs
            for node in compiler.Compiler().compile(graph).nodes
        }

    return keys


@pytest.mark.parametrize(
    ("edited", "changed"),
    [
        ("components/registry/pusher.py", set()),
        ("components/canary/probe.py", {"Canary"}),
        ("components/bundle/answers.py", OF_THE_BUNDLE),
        ("components/ingestion/splits.py", EXAMPLE_GENS),
        ("components/ingestion/readers/grouplens/lines.py", EXAMPLE_GENS),
        ("components/validation/gate.py", GATES | SCHEMAS),
        ("components/evaluation/means.py", {"Evaluator"}),
        ("components/training/trainer.py", TRAINING),
        ("trainer/tuning/search_space.py", {"TwoTowerTuner"}),
        ("trainer/model/losses.py", TRAINING),
        ("trainer/run.py", TRAINING),
        (
            "transform/features.py",
            EXAMPLE_GENS | SCHEMAS | GATES | TRANSFORMS | TRAINING | OF_THE_BUNDLE,
        ),
    ],
)
def test_a_comment_changes_the_cache_keys_of_what_runs_it_and_no_others(
    copy, cache_keys, edited, changed
):
    before = cache_keys()
    with (copy / edited).open("a") as file:
        file.write("# a comment\n")
    after = cache_keys()
    assert {node for node in before if after[node] != before[node]} == changed


FILES = {
    "transform/__init__.py": "",
    "transform/features.py": "from transform import schemas\n",
    "transform/schemas/__init__.py": "",
    "transform/schemas/movies.pbtxt": "",
    "transform/datasets/movielens.yaml": "",
    "trainer/__init__.py": "",
    "trainer/run.py": "import numpy\nfrom trainer.model import towers\n",
    "trainer/model/__init__.py": "",
    "trainer/model/towers.py": "def tower():\n    import trainer.fit.loop as loop\n",
    "trainer/fit/__init__.py": "",
    "trainer/fit/loop.py": "from transform.features import USER\n",
    "trainer/tuning/__init__.py": "",
    "trainer/tuning/trials.py": "from trainer import run\n",
    "components/__init__.py": "",
    "components/canary/__init__.py": "",
    "components/canary/probe.py": "import tensorflow\n",
}
TRANSFORM = {path for path in FILES if path.startswith("transform/")}
TRAINER = {
    path for path in FILES if path.startswith("trainer/") and not path.startswith("trainer/tuning")
}


@pytest.fixture
def tree(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "trainer" / "run.pyc").write_bytes(b"compiled")
    (tmp_path / "numpy").mkdir()  # as beside installed packages
    (tmp_path / "numpy" / "__init__.py").write_text("")
    return tmp_path


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("transform.features", TRANSFORM),
        ("transform", TRANSFORM),
        (
            "transform.schemas",
            {"transform/__init__.py"} | {p for p in FILES if p.startswith("transform/schemas")},
        ),
        ("trainer.run", TRAINER | TRANSFORM),
        ("trainer.tuning.trials", {p for p in FILES if not p.startswith("components")}),
        ("components.canary", {p for p in FILES if p.startswith("components")}),
    ],
    ids=["module", "package", "inner-package", "inside-functions", "upwards", "of-libraries"],
)
def test_sources_of_a_module(tree, module, expected):
    paths = code_version.sources(module, root=tree)
    assert {path.relative_to(tree).as_posix() for path in paths} == expected


def test_version_of_several_modules_covers_each(tree):
    together = code_version.sources("trainer.run", "components.canary", root=tree)
    apart = {
        *code_version.sources("trainer.run", root=tree),
        *code_version.sources("components.canary", root=tree),
    }
    assert together == sorted(apart)


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: (tree / "trainer/run.py").write_text("a = 2\n"),
        lambda tree: (tree / "trainer/run.py").rename(tree / "trainer/walk.py"),
        lambda tree: (tree / "trainer/config.py").write_text(""),
        lambda tree: (tree / "transform/schemas/movies.pbtxt").write_text("feature {}"),
        lambda tree: (tree / "transform/datasets/movielens.yaml").write_text("name: shop"),
    ],
    ids=["edit", "rename", "new-file", "schema", "data-set"],
)
def test_version_changes_with_the_code(tree, change):
    before = code_version.code_version("trainer.fit.loop", "trainer", root=tree)
    change(tree)
    assert code_version.code_version("trainer.fit.loop", "trainer", root=tree) != before


def test_version_is_that_of_the_content(tree, tmp_path_factory):
    elsewhere = shutil.copytree(tree, tmp_path_factory.mktemp("elsewhere") / "tree")
    (elsewhere / "components/canary/probe.py").write_text("# not what trainer.run runs\n")
    (elsewhere / "trainer/run.pyc").write_bytes(b"compiled again")
    versions = [code_version.code_version("trainer.run", root=root) for root in (tree, elsewhere)]
    assert versions[0] == versions[1]


def test_version_changes_with_a_library(monkeypatch):
    before = code_version.code_version("transform")
    monkeypatch.setattr("importlib.metadata.version", lambda library: "0.0")
    assert code_version.code_version("transform") != before


@pytest.mark.parametrize("module", ["recommender", "transform.nothing", "pipeline.graph", ""])
def test_unknown_module(module):
    with pytest.raises(ValueError, match=f"no module '{module}' of components, trainer, transform"):
        code_version.code_version(module)


def test_version_covers_this_checkout():
    assert code_version.code_version("trainer.run") == code_version.code_version(
        "trainer.run", root=ROOT
    )


@pytest.fixture
def checkout(tmp_path):
    def git(*arguments):
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        done = subprocess.run(
            ["git", "-C", str(tmp_path), *who, *arguments], capture_output=True, text=True
        )
        return done.stdout.strip()

    (tmp_path / "file").write_text("1")
    git("init")
    git("add", "file")
    git("commit", "-m", "one")
    git("tag", "-a", "v1", "-m", "a tag does not name the revision")
    return tmp_path, git


def test_revision_of_a_checkout(checkout):
    root, git = checkout
    assert code_version.git_revision(root) == git("rev-parse", "HEAD")
    (root / "file").write_text("2")
    assert code_version.git_revision(root) == git("rev-parse", "HEAD") + "-dirty"


def test_outside_of_git_there_is_none(tmp_path):
    assert code_version.git_revision(tmp_path) == ""
