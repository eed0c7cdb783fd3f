"""Every node id stands in `pipeline.nodes`, and nowhere else."""

import ast

import pytest
from tfx.dsl.compiler import compiler

from pipeline import nodes
from pipeline.config import PipelineConfig, Settings, Tuning
from pipeline.graph import create_pipeline, create_refresh, create_tuning
from support import ROOT
from trainer.config import ModelConfig

PACKAGES = ("transform", "trainer", "components", "pipeline", "serving", "benchmarks")
CONFIG = PipelineConfig(
    "movielens",
    "/data",
    "/root",
    "/serving/movielens",
    settings=Settings(model=ModelConfig(warm_start=True)),
)


def ids(value):
    """Returns every id under a name of `pipeline.nodes`, in tuples too."""
    return {value} if isinstance(value, str) else {i for part in value for i in ids(part)}


IDS = {
    node
    for name, value in vars(nodes).items()
    if name.isupper() and isinstance(value, (str, tuple))
    for node in ids(value)
}


def literals(source):
    """Returns the line and value of each text in a module that is or begins with a node id."""
    return [
        (node.lineno, node.value)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.split(".")[0] in IDS
    ]


def test_graphs_are_made_of_these_nodes_and_no_others():
    graphs = (
        create_pipeline(CONFIG),
        create_tuning(CONFIG, Tuning("/trials")),
        create_refresh(CONFIG, "0a1b"),
    )
    assert {
        node.pipeline_node.node_info.id
        for graph in graphs
        for node in compiler.Compiler().compile(graph).nodes
    } == IDS


def test_nobody_else_spells_a_node_id():
    owner = ROOT / "pipeline" / "nodes.py"
    assert [
        f"{path.relative_to(ROOT)}:{line} {text!r}"
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if path != owner
        for line, text in literals(path.read_text())
    ] == []


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ('NODE = "Pusher"', ["Pusher"]),
        ('PLACE = "Pusher.serving_base"', ["Pusher.serving_base"]),
        ('f"Pusher.{name}"', ["Pusher."]),
        ('"""Pusher: publishes a bundle."""', []),
        ("nodes.PUSHER", []),
    ],
    ids=["id", "place", "formatted", "docstring", "constant"],
)
def test_a_planted_id_is_noticed(source, texts):
    assert [text for _, text in literals(source)] == texts
