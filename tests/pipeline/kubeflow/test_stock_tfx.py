"""What TFX's own Kubeflow compiler still does: when a test here fails, TFX was mended.

Then the part of `pipeline.kubeflow` that works around it may go.
"""

import json

import pytest
from tfx import v1 as tfx
from tfx.components import CsvExampleGen
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner

from components.validation.schema import CuratedSchema
from pipeline.kubeflow.compiler import refusals

IMAGE = "registry.example.com/movielens@sha256:" + 64 * "0"


@tfx.orchestration.experimental.exit_handler
def Last(status: tfx.dsl.components.Parameter[str]):  # noqa: N802
    """An exit handler."""


@tfx.dsl.components.component
def Says() -> tfx.dsl.components.OutputDict(record=str):  # noqa: N802
    """Gives a value that another component takes as a parameter."""
    return {"record": "items"}


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
    component = CsvExampleGen(RuntimeParameter("data", str, default="/data"))
    component.with_platform_config(container.ResourceSpec(cpu_limit=2))
    return stock(component)


def test_default_of_a_runtime_parameter_is_lost(example_gen):
    assert example_gen["root"]["inputDefinitions"]["parameters"] == {
        "data": {"parameterType": "STRING"}
    }
    assert any("data has no default" in complaint for complaint in refusals.of([example_gen]))


def test_example_gen_looks_at_its_data_where_no_server_does(example_gen):
    container = example_gen["deploymentSpec"]["executors"]["CsvExampleGen_executor"]["container"]
    assert "preCacheCheck" in container["lifecycle"]


def test_resources_of_an_example_gen_are_dropped(example_gen):
    container = example_gen["deploymentSpec"]["executors"]["CsvExampleGen_executor"]["container"]
    assert "resources" not in container


def test_pipeline_root_is_not_in_the_spec(example_gen):
    assert "minio://bucket/root" not in json.dumps(example_gen)


def test_default_schema_is_one_that_servers_refuse():
    spec = stock(CuratedSchema(record="items", definition="{}"), use_pipeline_spec_2_1=False)
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


def test_results_of_an_example_gen_are_taken_from_the_cache_whatever_its_data():
    config = kubeflow_v2_dag_runner.KubeflowV2DagRunnerConfig(
        default_image=IMAGE, use_pipeline_spec_2_1=True
    )
    pipeline = tfx.dsl.Pipeline(
        "stock", "minio://bucket/root", components=[CsvExampleGen("/data")], enable_cache=True
    )
    job = kubeflow_v2_dag_runner.KubeflowV2DagRunner(config).run(pipeline, write_out=False)
    task = job["pipelineSpec"]["root"]["dag"]["tasks"]["CsvExampleGen"]
    assert task["cachingOptions"] == {"enableCache": True}
    assert "/data" in json.dumps(task["inputs"])  # and nothing of what is in it


def test_code_named_by_file_is_written_to_the_object_store_at_compile_time(tmp_path):
    (tmp_path / "run.py").write_text("def run_fn(fn_args): ...")
    examples = tfx.dsl.Importer("minio://b/e", tfx.types.standard_artifacts.Examples).with_id("E")
    trainer = tfx.components.Trainer(
        module_file=str(tmp_path / "run.py"),
        examples=examples.outputs["result"],
        train_args=tfx.proto.TrainArgs(),
        eval_args=tfx.proto.EvalArgs(),
    )
    with pytest.raises(Exception, match="minio"):
        stock(examples, trainer)


def test_exit_handler_takes_the_runtime_parameters_away():
    runner = kubeflow_v2_dag_runner.KubeflowV2DagRunner(
        kubeflow_v2_dag_runner.KubeflowV2DagRunnerConfig(
            default_image=IMAGE, use_pipeline_spec_2_1=True
        )
    )
    runner.set_exit_handler(Last(status=tfx.orchestration.experimental.FinalStatusStr()))
    data = CsvExampleGen(RuntimeParameter("data", str))
    pipeline = tfx.dsl.Pipeline("stock", "minio://bucket/root", components=[data])
    spec = runner.run(pipeline, write_out=False)["pipelineSpec"]
    wanted = "input_base wants the runtime parameter 'data', which is not defined"
    assert any(wanted in complaint for complaint in refusals.of([spec]))


def test_value_of_another_component_comes_from_a_task_that_is_not_there():
    says = Says()
    record = says.outputs["record"].future()[0].value
    spec = stock(says, CuratedSchema(record=record, definition="{}"))
    assert any("'Says_task', which is no task" in complaint for complaint in refusals.of([spec]))


def test_components_are_named_as_kfp_would_cut_them(example_gen):
    assert list(example_gen["components"]) == ["CsvExampleGen"]
