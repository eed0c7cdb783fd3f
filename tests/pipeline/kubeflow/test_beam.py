import dataclasses

import pytest

from pipeline.kubeflow import beam


@pytest.mark.parametrize(
    ("given", "completed"),
    [
        ((), ()),
        (("--runner=FnApiRunner", "--direct_num_workers=2"), None),
        (("--runner=DataflowRunner", "--temp_location=gs://b/t"), "--sdk_container_image={}"),
        (
            ("--runner=DataflowRunner", "--temp_location=gs://b/t", "--sdk_container_image=x@y"),
            None,
        ),
    ],
    ids=["none", "in-process", "dataflow", "own-image"],
)
def test_workers_run_our_image(environment, given, completed):
    there = dataclasses.replace(environment, beam_pipeline_args=given)
    more = (completed.format(environment.image),) if completed else ()
    assert beam.arguments(there) == (*given, *more)


def test_workers_and_pods_must_share_a_place(environment):
    there = dataclasses.replace(environment, beam_pipeline_args=("--runner=FlinkRunner",))
    with pytest.raises(ValueError, match="need --temp_location"):
        beam.arguments(there)


def test_data_may_lie_where_workers_that_mount_nothing_read_it(environment):
    from pipeline.kubeflow import platform

    there = dataclasses.replace(
        environment, data="gs://movielens/ml-1m", volumes=environment.volumes[1:]
    )
    platform.check_mounts(there)


def test_every_component_is_told(environment):
    from pipeline.kubeflow import compile as kubeflow_compile

    given = ("--runner=DataflowRunner", "--temp_location=gs://bucket/beam")
    there = dataclasses.replace(environment, beam_pipeline_args=given)
    executors = kubeflow_compile.tfx_specification(there)["deploymentSpec"]["executors"]
    image = f"--sdk_container_image={environment.image}"
    for executor in executors.values():
        assert executor["container"]["args"][-3:] == [*given, image]
