"""The graph as data: who needs whom, and nothing of this machine in it."""

import json

import pytest
from google.protobuf import json_format
from tfx.dsl.compiler import compiler

from pipeline.config import PipelineConfig
from pipeline.graph import create_pipeline

UPSTREAM = {
    "RatingsExampleGen": set(),
    "MoviesExampleGen": set(),
    "TimelinesSchema": set(),
    "MoviesSchema": set(),
    "Baseline": set(),
    "TimelinesStatistics": {"RatingsExampleGen"},
    "MoviesStatistics": {"MoviesExampleGen"},
    "TimelinesValidator": {"TimelinesStatistics", "TimelinesSchema"},
    "MoviesValidator": {"MoviesStatistics", "MoviesSchema"},
    "TimelinesGate": {"TimelinesValidator"},
    "MoviesGate": {"MoviesValidator"},
    "TimelinesTransform": {"RatingsExampleGen", "TimelinesSchema", "TimelinesGate"},
    "MoviesTransform": {"MoviesExampleGen", "MoviesSchema", "MoviesGate"},
    "TwoTowerTrainer": {"TimelinesTransform", "MoviesTransform"},
    "CandidateIndex": {"TwoTowerTrainer", "MoviesExampleGen", "RatingsExampleGen"},
    "Evaluator": {"CandidateIndex", "RatingsExampleGen", "Baseline"},
    "Canary": {"CandidateIndex", "TwoTowerTrainer", "MoviesExampleGen", "RatingsExampleGen"},
    "Pusher": {"CandidateIndex", "Evaluator", "Canary"},
}


@pytest.fixture(scope="module")
def graph():
    config = PipelineConfig("movielens", "/data", "/root", "/serving/movielens")
    return compiler.Compiler().compile(create_pipeline(config))


def test_every_edge(graph):
    nodes = {
        node.pipeline_node.node_info.id: set(node.pipeline_node.upstream_nodes)
        for node in graph.nodes
    }
    assert nodes == UPSTREAM


def test_nodes_can_be_named_on_kubeflow(graph):
    assert all(node.pipeline_node.node_info.id.isalnum() for node in graph.nodes)


def test_code_is_named_by_dotted_path(graph):
    text = json.dumps(json_format.MessageToDict(graph))
    for path in (
        "trainer.run.run_fn",
        "transform.preprocessing.timelines",
        "transform.preprocessing.movies",
    ):
        assert path in text
    assert __file__.rsplit("/tests/", 1)[0] not in text
