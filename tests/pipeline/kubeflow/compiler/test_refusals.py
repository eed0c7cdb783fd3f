"""What the server would refuse is found in a pipeline that was sound before."""

import copy

import pytest

from pipeline.kubeflow.compiler import refusals


def tasks(spec):
    return spec["root"]["dag"]["tasks"]


def executor(spec, task):
    return spec["deploymentSpec"]["executors"][f"{task}_executor"]


def old_schema(spec, platform):
    spec["schemaVersion"] = "2.0.0"


def upper_case_name(spec, platform):
    spec["pipelineInfo"]["name"] = "MovieLens"


def no_root(spec, platform):
    del spec["defaultPipelineRoot"]


def local_root(spec, platform):
    spec["defaultPipelineRoot"] = "/mnt/artifacts"


def resolver(spec, platform):
    spec["deploymentSpec"]["executors"]["Baseline_executor"] = {"resolver": {}}


def image_by_tag(spec, platform):
    executor(spec, "Pusher")["container"]["image"] = "movielens:latest"


def no_command(spec, platform):
    del executor(spec, "Pusher")["container"]["command"]


def lifecycle(spec, platform):
    executor(spec, "TimelinesExampleGen")["container"]["lifecycle"] = {"preCacheCheck": {}}


def gpu_as_on_vertex(spec, platform):
    executor(spec, "TwoTowerTrainer")["container"]["resources"]["accelerator"] = {
        "type": "NVIDIA_TESLA_T4",
        "count": "1",
    }


def underscore(spec, platform):
    tasks(spec)["Two_Towers"] = copy.deepcopy(tasks(spec)["ItemsSchema"])


def no_component(spec, platform):
    del spec["components"]["comp-ItemsGate"]


def no_executor(spec, platform):
    del spec["deploymentSpec"]["executors"]["ItemsSchema_executor"]
    del platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["ItemsSchema_executor"]


def dangling_producer(spec, platform):
    tasks(spec)["ItemsSchema"]["inputs"]["parameters"]["record"] = {
        "taskOutputParameter": {"producerTask": "Other_task", "outputParameterKey": "value"}
    }


def dangling_dependency(spec, platform):
    tasks(spec)["ItemsTransform"]["dependentTasks"].append("ItemsDoor")


def unknown_output(spec, platform):
    wanted = tasks(spec)["Pusher"]["inputs"]["artifacts"]["model"]["taskOutputArtifact"]
    wanted["outputArtifactKey"] = "pudding"


def circle(spec, platform):
    tasks(spec)["ItemsSchema"]["dependentTasks"] = ["ItemsGate"]


def nested_task_without_the_parameter(spec, platform):
    """As TFX nests everything but an exit handler, without passing runtime parameters on."""
    spec["components"]["comp-tfx-dag"] = {
        "dag": {"tasks": {"Nested": copy.deepcopy(tasks(spec)["TimelinesExampleGen"])}}
    }
    nested = spec["components"]["comp-tfx-dag"]["dag"]["tasks"]["Nested"]
    nested["inputs"].pop("artifacts")
    nested.pop("dependentTasks")
    for name in ("requested_span", "as_of", "serving_base"):
        nested["inputs"]["parameters"][name] = {"runtimeValue": {"constant": "newest"}}


def no_default(spec, platform):
    del spec["root"]["inputDefinitions"]["parameters"]["epochs"]["defaultValue"]


def undefined_parameter(spec, platform):
    del spec["root"]["inputDefinitions"]["parameters"]["epochs"]


def parameter_not_declared(spec, platform):
    tasks(spec)["ItemsSchema"]["inputs"]["parameters"]["colour"] = {
        "runtimeValue": {"constant": "red"}
    }


def parameter_not_given(spec, platform):
    del tasks(spec)["ItemsSchema"]["inputs"]["parameters"]["record"]


def pod_of_nobody(spec, platform):
    platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["Trainer_executor"] = {}


def other_platform(spec, platform):
    platform["platforms"] = {"nomad": {}}


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (old_schema, "schemaVersion must be 2.1.0, got '2.0.0'"),
        (upper_case_name, "got 'MovieLens'"),
        (no_root, "defaultPipelineRoot must begin"),
        (local_root, "got '/mnt/artifacts'"),
        (resolver, "Baseline_executor: resolver executors are not implemented"),
        (image_by_tag, "by digest, got 'movielens:latest'"),
        (no_command, "Pusher_executor: there is no command"),
        (lifecycle, "TimelinesExampleGen_executor: lifecycle hooks are ignored"),
        (gpu_as_on_vertex, "'NVIDIA_TESLA_T4' is no Kubernetes resource name"),
        (underscore, "Two_Towers: Argo allows"),
        (no_component, "ItemsGate: there is no component 'comp-ItemsGate'"),
        (no_executor, "ItemsSchema: there is no executor 'ItemsSchema_executor'"),
        (dangling_producer, "ItemsSchema: it waits for 'Other_task', which is no task"),
        (dangling_dependency, "ItemsTransform: it waits for 'ItemsDoor'"),
        (circle, "tasks wait for each other: ItemsGate, ItemsSchema, ItemsValidator"),
        (
            nested_task_without_the_parameter,
            "Nested: input_base wants the runtime parameter 'data', which is not defined",
        ),
        (unknown_output, "Pusher: model wants an output that CandidateIndex does not have"),
        (no_default, "runtime parameter epochs has no default"),
        (undefined_parameter, "wants the runtime parameter 'epochs', which is not defined"),
        (parameter_not_declared, "ItemsSchema: its component has no parameter 'colour'"),
        (parameter_not_given, "ItemsSchema: parameter 'record' of its component is not given"),
        (pod_of_nobody, "about 'Trainer_executor', which is no executor"),
        (other_platform, "must be a PlatformSpec for kubernetes"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_one_thing_spoiled_is_the_one_complaint(documents, spoil, complaint):
    spec, platform = copy.deepcopy(documents)
    assert refusals.of([spec, platform]) == []
    spoil(spec, platform)
    complaints = refusals.of([spec, platform])
    # The parameter is wanted by the Trainer, and by the Pusher for the manifest.
    assert len(complaints) == (2 if spoil is undefined_parameter else 1)
    assert all(complaint in each for each in complaints)


def test_vertex_job_is_no_pipeline_spec(documents):
    job = {"displayName": "movielens", "pipelineSpec": documents[0]}
    assert refusals.of([job]) == ["exactly one document must have pipelineInfo, 0 have"]
