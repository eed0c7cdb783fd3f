import dataclasses

import pytest

from pipeline.kubeflow.environment import beam

DATAFLOW = ("--runner=DataflowRunner", "--temp_location=gs://b/t")
DAY = "--job_server_timeout=86400"


@pytest.mark.parametrize(
    ("given", "completion"),
    [
        ((), ()),
        (("--runner=FnApiRunner", "--direct_num_workers=2"), ()),
        (DATAFLOW, ("--sdk_container_image={image}", DAY)),
        ((*DATAFLOW, "--sdk_container_image=x@y"), (DAY,)),
        ((*DATAFLOW, "--job_server_timeout=9"), ("--sdk_container_image={image}",)),
    ],
    ids=["none", "in-process", "elsewhere", "own-image", "own-timeout"],
)
def test_workers_run_our_image_for_as_long_as_it_takes(environment, given, completion):
    there = dataclasses.replace(environment, beam_pipeline_args=given)
    more = (option.format(image=environment.image) for option in completion)
    assert beam.arguments(there) == (*given, *more)


def test_workers_and_pods_must_share_a_place(environment):
    there = dataclasses.replace(environment, beam_pipeline_args=("--runner=FlinkRunner",))
    with pytest.raises(ValueError, match="need --temp_location"):
        beam.arguments(there)


def test_data_may_lie_where_workers_that_mount_nothing_read_it(environment, documents):
    from pipeline.kubeflow.compiler import platform

    there = dataclasses.replace(
        environment, data="gs://movielens/ml-1m", volumes=environment.volumes[1:]
    )
    platform.check_mounts(there, documents[0])


def test_every_component_is_told(environment):
    from pipeline.kubeflow.compiler import compile as kubeflow_compile

    given = ("--runner=DataflowRunner", "--temp_location=gs://bucket/beam")
    there = dataclasses.replace(environment, beam_pipeline_args=given)
    executors = kubeflow_compile.tfx_specification(there)["deploymentSpec"]["executors"]
    image = f"--sdk_container_image={environment.image}"
    for executor in executors.values():
        assert executor["container"]["args"][-4:] == [*given, image, DAY]
