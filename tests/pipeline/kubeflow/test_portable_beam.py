"""ExampleGen and Transform through Beam's portable protocol, as on Flink or Spark.

A job service and a pool of external workers, each a process of its own. What this does not show:
the translation to Flink or Spark, staging of packages, scaling.
"""

import dataclasses
import json
import os
import pathlib
import socket
import subprocess
import sys
import time

import pytest

from pipeline.kubeflow.compiler import compile as kubeflow_compile
from pipeline.kubeflow.container import entrypoint
from support import driver_shaped

PATIENCE_SECONDS = 600

pytestmark = pytest.mark.slow


def free_port():
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return listener.getsockname()[1]


def wait_for(port, process):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        assert process.poll() is None, f"{process.args} ended with {process.returncode}"
        assert time.monotonic() < deadline
        with socket.socket() as client:
            if client.connect_ex(("localhost", port)) == 0:
                return
        time.sleep(0.2)


@pytest.fixture(scope="module")
def beam_args(tmp_path_factory):
    """Starts job service and worker pool, and gives the options that reach them."""
    folder = tmp_path_factory.mktemp("cluster")
    environment = {
        **os.environ,  # the pool starts workers with the first `python` on PATH
        "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONWARNINGS": "ignore",
    }
    jobs, workers = free_port(), free_port()
    started = [
        subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=folder,  # empty: workers import what is installed
            env=environment,
            stdout=(folder / f"{command[0]}.log").open("w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        for command in (
            ("apache_beam.runners.portability.local_job_service_main", f"--port={jobs}"),
            ("apache_beam.runners.worker.worker_pool_main", f"--service_port={workers}"),
        )
    ]
    try:
        for port, process in zip((jobs, workers), started, strict=True):
            wait_for(port, process)
        shared = folder / "shared"
        shared.mkdir()
        yield (
            "--runner=PortableRunner",
            f"--job_endpoint=localhost:{jobs}",
            "--environment_type=EXTERNAL",
            f"--environment_config=localhost:{workers}",
            f"--temp_location={shared}",
        )
        assert list(shared.glob("artifacts-*")) == []
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(timeout=60)


@pytest.fixture(scope="module")
def data(tmp_path_factory, write_checkerboard):
    return write_checkerboard(tmp_path_factory.mktemp("data") / "ml")


def run(environment, folder, data, beam_args):
    """Runs ExampleGen, schema and Transform of the items; returns the store's folder."""
    there = dataclasses.replace(environment, beam_pipeline_args=beam_args)
    spec = kubeflow_compile.tfx_specification(there)
    made = {}
    for task, inputs in (
        ("ItemsSchema", {}),
        ("ItemsExampleGen", {}),
        ("ItemsTransform", {"schema": "ItemsSchema", "examples": "ItemsExampleGen"}),
    ):
        sent = plain(spec, task, folder, {key: made[name][key] for key, name in inputs.items()})
        sent["inputs"]["parameterValues"].update(
            {"input_base": str(data)} if task == "ItemsExampleGen" else {}
        )
        shaped = driver_shaped.executor_input(sent, folder / "store", {})
        staging = folder / "staged" / task
        driver_shaped.download(shaped, folder / "store", staging)
        arguments = list(
            spec["deploymentSpec"]["executors"][f"{task}_executor"]["container"]["args"]
        )
        arguments[arguments.index("{{$}}")] = json.dumps(shaped)
        entrypoint.main([*arguments, "--staging_root", str(staging)])
        output = json.loads(pathlib.Path(shaped["outputs"]["outputFile"]).read_text())
        uploaded = driver_shaped.upload(output, shaped, folder / "store", staging)["artifacts"]
        made[task] = {key: entry["artifacts"][0] for key, entry in uploaded.items()}
    return made


def plain(spec, task, folder, inputs):
    """Returns a task's ExecutorInput with constants as its parameters, in local terms."""
    component = spec["components"][task]
    outputs = component["outputDefinitions"]["artifacts"]
    parameters = spec["root"]["dag"]["tasks"][task]["inputs"]["parameters"]
    return {
        "inputs": {
            "parameterValues": {
                name: value["runtimeValue"]["constant"] for name, value in parameters.items()
            },
            "artifacts": {key: {"artifacts": [artifact]} for key, artifact in inputs.items()},
        },
        "outputs": {
            "outputFile": str(folder / "outputs" / task / "output.json"),
            "artifacts": {
                key: {
                    "artifacts": [
                        {
                            "name": key,
                            "type": output["artifactType"],
                            "uri": str(folder / "store" / task / key),
                        }
                    ]
                }
                for key, output in outputs.items()
            },
        },
    }


def records(artifact):
    """Returns the examples, sorted, and features in order: Beam keeps neither."""
    import tensorflow as tf

    files = sorted(map(str, pathlib.Path(artifact["uri"]).rglob("*.gz")))
    assert files
    return sorted(
        tf.train.Example.FromString(record.numpy()).SerializeToString(deterministic=True)
        for record in tf.data.TFRecordDataset(files, compression_type="GZIP")
    )


def vocabularies(artifact):
    assets = pathlib.Path(artifact["uri"]) / "transform_fn" / "assets"
    return {path.name: path.read_bytes() for path in assets.iterdir()}


def test_same_examples_and_vocabularies_as_in_process(environment, data, beam_args, tmp_path):
    here = run(environment, tmp_path / "here", data, ())
    there = run(environment, tmp_path / "there", data, beam_args)
    for task, output in (
        ("ItemsExampleGen", "examples"),
        ("ItemsTransform", "transformed_examples"),
    ):
        assert records(there[task][output]) == records(here[task][output])
    graphs = [made["ItemsTransform"]["transform_graph"] for made in (here, there)]
    assert vocabularies(graphs[1]) == vocabularies(graphs[0])
    assert vocabularies(graphs[0])
