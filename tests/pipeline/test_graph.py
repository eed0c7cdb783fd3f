"""The graph as data: who needs whom, and nothing of this machine in it."""

import dataclasses
import json

import pytest
from google.protobuf import json_format
from tfx.dsl.compiler import compiler

from pipeline import nodes
from pipeline.config import Gates, Notify, PipelineConfig, Serving, Settings, Tuning
from pipeline.graph import create_pipeline, create_refresh, create_tuning
from trainer.config import ModelConfig

UPSTREAM = {
    "ItemsExampleGen": set(),
    "TimelinesExampleGen": {"ItemsExampleGen"},
    "TimelinesSchema": set(),
    "ItemsSchema": set(),
    "Baseline": {"CandidateIndex"},
    "TimelinesStatistics": {"TimelinesExampleGen"},
    "ItemsStatistics": {"ItemsExampleGen"},
    "TimelinesValidator": {"TimelinesStatistics", "TimelinesSchema"},
    "ItemsValidator": {"ItemsStatistics", "ItemsSchema"},
    "TimelinesGate": {"TimelinesValidator"},
    "ItemsGate": {"ItemsValidator"},
    "TimelinesTransform": {"TimelinesExampleGen", "TimelinesSchema", "TimelinesGate"},
    "ItemsTransform": {"ItemsExampleGen", "ItemsSchema", "ItemsGate"},
    "TwoTowerTrainer": {"TimelinesTransform", "ItemsTransform"},
    "CandidateIndex": {"TwoTowerTrainer", "ItemsExampleGen", "TimelinesExampleGen"},
    "Evaluator": {"CandidateIndex", "TimelinesExampleGen", "Baseline"},
    "Canary": {"CandidateIndex", "TwoTowerTrainer", "ItemsExampleGen", "TimelinesExampleGen"},
    "Pusher": {"CandidateIndex", "Evaluator", "Canary"},
}


REFRESH_UPSTREAM = {
    **{name: needed for name, needed in UPSTREAM.items() if not name.startswith("Timelines")},
    "TimelinesExampleGen": {"ItemsExampleGen"},
    "ServedTowers": set(),
    "CandidateIndex": {"ServedTowers", "ItemsGate", "ItemsExampleGen", "TimelinesExampleGen"},
    "Canary": {"CandidateIndex", "ServedTowers", "ItemsExampleGen", "TimelinesExampleGen"},
}
del REFRESH_UPSTREAM["TwoTowerTrainer"], REFRESH_UPSTREAM["ItemsTransform"]
CONFIG = PipelineConfig("movielens", "/data", "/root", "/serving/movielens", withdrawn=("4", "5,6"))


@pytest.fixture(scope="module")
def graph():
    return compiler.Compiler().compile(create_pipeline(CONFIG))


def upstream(graph):
    return {
        node.pipeline_node.node_info.id: set(node.pipeline_node.upstream_nodes)
        for node in graph.nodes
    }


def parameters(graph, node):
    """Returns the parameters of a node that are texts, by name."""
    chosen = next(n.pipeline_node for n in graph.nodes if n.pipeline_node.node_info.id == node)
    return {
        name: parameter.field_value.string_value
        for name, parameter in chosen.parameters.parameters.items()
        if parameter.field_value.HasField("string_value")
    }


def test_every_edge(graph):
    assert upstream(graph) == UPSTREAM


def test_warm_start_stands_before_the_trainer_where_it_is_wanted():
    config = dataclasses.replace(CONFIG, settings=Settings(model=ModelConfig(warm_start=True)))
    assert upstream(compiler.Compiler().compile(create_pipeline(config))) == {
        **UPSTREAM,
        "WarmStart": {"TimelinesExampleGen"},
        "TwoTowerTrainer": {*UPSTREAM["TwoTowerTrainer"], "WarmStart"},
    }


def test_tuning_is_made_of_the_same_components_up_to_transform():
    tuning = compiler.Compiler().compile(create_tuning(CONFIG, Tuning("/trials", 3, ("window",))))
    transforms = {"TimelinesTransform", "ItemsTransform"}
    before = ("Baseline", "CandidateIndex", "Evaluator", "Canary", "Pusher", "TwoTowerTrainer")
    shared = {name: needed for name, needed in UPSTREAM.items() if name not in before}
    assert upstream(tuning) == {**shared, "TwoTowerTuner": transforms}
    assert "trainer.tuning.tuner_fn" in json.dumps(json_format.MessageToDict(tuning))


def test_refresh_is_made_of_the_same_components_without_training():
    refresh = compiler.Compiler().compile(create_refresh(CONFIG, "0a1b"))
    assert upstream(refresh) == REFRESH_UPSTREAM


def test_cached_towers_are_found_by_their_fingerprint_and_not_by_the_version_that_is_served():
    refresh = compiler.Compiler().compile(create_refresh(CONFIG, "0a1b"))
    given = parameters(refresh, "ServedTowers")
    assert given == {"serving_base": CONFIG.serving_base, "sha256": "0a1b"}
    assert "ServedTowers" not in nodes.OUTSIDE_WORLD


@pytest.mark.parametrize("node", ["CandidateIndex", "Canary"])
def test_withdrawn_items_reach_index_and_canary(graph, node):
    assert parameters(graph, node)["withdrawn"] == '["4", "5,6"]'


def test_a_threshold_or_a_webhook_makes_nothing_anew_but_the_verdict(graph):
    changed = Settings(
        gates=Gates(min_hit_at_10=0.3), notify=Notify("HOOK"), serving=Serving(keep_versions=9)
    )
    other = compiler.Compiler().compile(
        create_pipeline(dataclasses.replace(CONFIG, settings=changed))
    )
    differ = {node for node in UPSTREAM if parameters(graph, node) != parameters(other, node)}
    assert differ == {"Evaluator", "Pusher"}
    told = json.loads(parameters(other, "Pusher")["configuration"])
    assert (told["gates"]["min_hit_at_10"], told["serving"]["keep_versions"]) == (0.3, 9)
    assert "HOOK" not in json.dumps(told)


def test_nodes_can_be_named_on_kubeflow(graph):
    assert all(node.pipeline_node.node_info.id.isalnum() for node in graph.nodes)


def test_code_is_named_by_dotted_path(graph):
    text = json.dumps(json_format.MessageToDict(graph))
    for path in (
        "trainer.run.run_fn",
        "transform.preprocessing.timelines",
        "transform.preprocessing.items",
    ):
        assert path in text
    assert __file__.rsplit("/tests/", 1)[0] not in text
