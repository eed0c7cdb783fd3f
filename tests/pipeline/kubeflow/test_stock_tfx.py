"""What TFX's own Kubeflow compiler still does: when a test here fails, TFX was mended.

Then the part of `pipeline.kubeflow` that works around it may go.
"""

import json

import pytest
from tfx import v1 as tfx
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner

from components.curated_schema import CuratedSchema
from components.movies_example_gen import MoviesExampleGen
from pipeline.kubeflow import refusals

IMAGE = "registry.example.com/movielens@sha256:" + 64 * "0"


def stock(*components, **settings):
    """Returns the PipelineSpec of a few components, as TFX compiles it."""
    config = kubeflow_v2_dag_runner.KubeflowV2DagRunnerConfig(
        default_image=IMAGE, **{"use_pipeline_spec_2_1": True, **settings}
    )
    job = kubeflow_v2_dag_runner.KubeflowV2DagRunner(config).run(
        tfx.dsl.Pipeline("stock", "minio://bucket/root", components=list(components)),
        write_out=False,
    )
    return job["pipelineSpec"]


@pytest.fixture(scope="module")
def example_gen():
    from kfp.pipeline_spec import pipeline_spec_pb2

    container = pipeline_spec_pb2.PipelineDeploymentConfig.PipelineContainerSpec
    component = MoviesExampleGen(RuntimeParameter("data", str, default="/data"))
    component.with_platform_config(container.ResourceSpec(cpu_limit=2))
    return stock(component)


def test_default_of_a_runtime_parameter_is_lost(example_gen):
    assert example_gen["root"]["inputDefinitions"]["parameters"] == {
        "data": {"parameterType": "STRING"}
    }
    assert any("data has no default" in complaint for complaint in refusals.of([example_gen]))


def test_example_gen_looks_at_its_data_where_no_server_does(example_gen):
    container = example_gen["deploymentSpec"]["executors"]["MoviesExampleGen_executor"]["container"]
    assert "preCacheCheck" in container["lifecycle"]


def test_resources_of_an_example_gen_are_dropped(example_gen):
    container = example_gen["deploymentSpec"]["executors"]["MoviesExampleGen_executor"]["container"]
    assert "resources" not in container


def test_pipeline_root_is_not_in_the_spec(example_gen):
    assert "minio://bucket/root" not in json.dumps(example_gen)


def test_default_schema_is_one_that_servers_refuse():
    spec = stock(CuratedSchema(record="movies", fingerprint="1"), use_pipeline_spec_2_1=False)
    assert any("got '2.0.0'" in complaint for complaint in refusals.of([spec]))


def test_resolver_is_compiled_to_what_servers_refuse():
    resolver = tfx.dsl.Resolver(
        strategy_class=tfx.dsl.experimental.LatestArtifactStrategy,
        model=tfx.dsl.Channel(type=tfx.types.standard_artifacts.Model),
    ).with_id("Latest")
    assert any(
        "resolver executors are not implemented" in complaint
        for complaint in refusals.of([stock(resolver)])
    )


def test_infra_validator_does_not_compile():
    from tfx.components import InfraValidator

    model = tfx.dsl.Importer("minio://b/model", tfx.types.standard_artifacts.Model).with_id("Model")
    validator = InfraValidator(model=model.outputs["result"], serving_spec=tfx.proto.ServingSpec())
    with pytest.raises(NotImplementedError):
        stock(model, validator)


def test_components_are_named_as_kfp_would_cut_them(example_gen):
    assert list(example_gen["components"]) == ["MoviesExampleGen"]
