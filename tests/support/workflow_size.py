"""How large the status of a compiled pipeline's Workflow becomes: an estimate, from one real run.

Kubeflow's driver writes a patch of the executor's pod for every task: the launcher's command with
the ExecutorInput and the component's specification, then the container's own command. Argo keeps
that patch, as a text in its JSON, in six nodes of a task: driver, executor, and what is around
them, each with the node of its retries; and the three specifications that the driver is given, in
two. One run of 18 tasks on a real backend had a status of 1,025,225 bytes; what these copies leave
of it is counted as a constant for every task.
"""

import json
import uuid
from collections.abc import Iterator

PATCHES, SPECIFICATIONS = 6, 2  # copies
OTHER = 9_000  # bytes of a task
RUN = "5f3c1a9e-0b7d-4a52-9c1e-8d2f6b7a4e10"
STORE = {
    "Provider": "minio",
    "Params": {
        "accessKeyKey": "accesskey",
        "disableSSL": "true",
        "endpoint": "seaweedfs.kubeflow:9000",
        "fromEnv": "false",
        "maxRetries": "5",
        "region": "minio",
        "secretKeyKey": "secretkey",
        "secretName": "mlpipeline-minio-artifact",
    },
}
EXAMPLES = {  # what the metadata of Examples have
    "custom:span": 0,
    "file_format": "tfrecords_gzip",
    "folder": "/data/ml-100k",
    "input_fingerprint": "split:single_split,num_files:3,total_bytes:2119207,"
    "xor_checksum:1795904098,sum_checksum:5387712294",
    "payload_format": "FORMAT_TF_EXAMPLE",
    "split_names": '["train", "eval", "test"]',
}
LAUNCHER = ("/kfp-launcher/launch", "--pipeline_name", "x" * 15, "--run_id", RUN) + ("y" * 40,) * 9


def estimate(spec: dict) -> int:
    """Returns the bytes of the Workflow of a run of a PipelineSpec, status and specification.

    Args:
        spec: Compiled.
    """
    status = sum(len(json.dumps(text)) for text in _texts(spec)) + OTHER * len(tasks_of(spec))
    return status + len(json.dumps(json.dumps(spec)))


def _texts(spec: dict) -> Iterator[str]:
    """Yields what the nodes of a run hold, each text as often as they do."""
    for name, task in tasks_of(spec).items():
        component = spec["components"][task["componentRef"]["name"]]
        container = spec["deploymentSpec"]["executors"][component["executorLabel"]]["container"]
        yield from PATCHES * [patch(spec, name)]
        yield from SPECIFICATIONS * [json.dumps(part) for part in (component, task, container)]


def tasks_of(spec: dict) -> dict:
    return spec["root"]["dag"]["tasks"]


def patch(spec: dict, name: str) -> str:
    """Returns the patch of a task's pod, about as the driver writes it."""
    task = spec["root"]["dag"]["tasks"][name]
    component = spec["components"][task["componentRef"]["name"]]
    container = spec["deploymentSpec"]["executors"][component["executorLabel"]]["container"]
    logs = {"executor-logs": {"artifactType": {"schemaTitle": "system.Artifact"}}}
    outputs = {**component.get("outputDefinitions", {}).get("artifacts", {}), **logs}
    values = {
        parameter: value["runtimeValue"]["constant"] if "runtimeValue" in value else "/data/ml-100k"
        for parameter, value in task.get("inputs", {}).get("parameters", {}).items()
    }
    sent = {
        "inputs": {
            "artifacts": {
                key: {
                    "artifacts": [
                        {
                            "name": "133",
                            "type": {"instanceSchema": ""},
                            "uri": uri(of["taskOutputArtifact"]["producerTask"], key),
                            "metadata": {
                                "display_name": key,
                                "store_session_info": json.dumps(STORE, separators=(",", ":")),
                                "tfx_version": "1.16.0",
                                **(
                                    EXAMPLES
                                    if "xamples" in of["taskOutputArtifact"]["outputArtifactKey"]
                                    else {}
                                ),
                            },
                        }
                    ]
                }
                for key, of in task.get("inputs", {}).get("artifacts", {}).items()
            },
            "parameterValues": values,
        },
        "outputs": {
            "artifacts": {
                key: {
                    "artifacts": [{"name": key, "type": of["artifactType"], "uri": uri(name, key)}]
                }
                for key, of in outputs.items()
            },
            "outputFile": uri(name, "output_metadata.json"),
        },
    }
    described = {**component, "outputDefinitions": {"artifacts": outputs}}
    command = [
        *LAUNCHER,
        *("--executor_input", json.dumps(sent, separators=(",", ":"))),
        *("--component_spec", json.dumps(described, separators=(",", ":"))),
    ]
    main = {
        "name": "main",
        "image": container["image"],
        "command": command,
        "args": [*container["command"], *container["args"]],
        "resources": {"limits": {"cpu": "1", "memory": "4G"}, "requests": {"cpu": "1"}},
    }
    return json.dumps({"containers": [main]}, separators=(",", ":"))


def uri(task: str, key: str) -> str:
    folder = f"minio://mlpipeline/v2/artifacts/movielens/movielens-prod/{RUN}/{task}"
    return f"{folder}/{uuid.UUID(int=0)}/{key}"
