"""What Kubeflow's driver and launcher do around a container, as their sources say; our reading.

Plain Python, for both environments: the one of the containers and the one of `kfp.local`.
"""

import copy
import pathlib
import shutil

BUCKET = "minio://mlpipeline/v2/artifacts/"
LOGS = "executor-logs"
RUN_ID = "5f3c1a9e-0b7d-4a52-9c1e-8d2f6b7a4e10"
RUN_PLACEHOLDER = "{{$.pipeline_job_uuid}}"


def executor_input(sent: dict, store: pathlib.Path, ids: dict[str, int]) -> dict:
    """Returns an ExecutorInput as the driver sends it.

    Args:
        sent: One whose artifacts lie under `store`.
        store: The folder that stands for the bucket.
        ids: ML Metadata's ids by local URI; extended.
    """
    shaped = copy.deepcopy(sent)
    for entry in shaped.get("inputs", {}).get("artifacts", {}).values():
        for artifact in entry["artifacts"]:
            number = ids.setdefault(artifact["uri"], len(ids) + 17)
            artifact["name"] = str(number)
            artifact["type"] = {"instanceSchema": ""}
            artifact["uri"] = remote(artifact["uri"], store)
            artifact["metadata"] = {
                **{name: as_sent(value) for name, value in artifact.get("metadata", {}).items()},
                "display_name": "model",
                "store_session_info": '{"Provider":"minio","Params":{"fromEnv":"false"}}',
            }
    parameters = shaped.get("inputs", {}).get("parameterValues", {})
    for name, value in parameters.items():
        if value == RUN_PLACEHOLDER:  # of a constant that is this and nothing else
            parameters[name] = RUN_ID
    outputs = shaped["outputs"]
    for entry in outputs.setdefault("artifacts", {}).values():
        for artifact in entry["artifacts"]:
            artifact["uri"] = remote(artifact["uri"], store)
    outputs["artifacts"][LOGS] = {
        "artifacts": [
            {
                "name": LOGS,
                "type": {"schemaTitle": "system.Artifact", "schemaVersion": "0.0.1"},
                "uri": f"{BUCKET}run/task/{LOGS}",
            }
        ]
    }
    return shaped


def as_sent(value):
    """Returns a metadata value as it comes out of a protobuf Struct: every number a double."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def remote(local: str, store: pathlib.Path) -> str:
    return BUCKET + pathlib.Path(local).relative_to(store).as_posix()


def local(uri: str, store: pathlib.Path) -> str:
    assert uri.startswith(BUCKET), f"the launcher would look for {uri!r} in its bucket"
    return str(store / uri[len(BUCKET) :])


def staged(uri: str, staging: pathlib.Path) -> pathlib.Path:
    """Returns where the launcher keeps an object in the container."""
    scheme, _, rest = uri.partition("://")
    return staging / scheme / rest


def download(shaped: dict, store: pathlib.Path, staging: pathlib.Path) -> None:
    """Stages inputs, and makes the folders above outputs, as the launcher does."""
    for uri in uris(shaped.get("inputs", {})):
        folder = pathlib.Path(local(uri, store))
        if folder.exists():  # a bucket has no empty folders
            shutil.copytree(folder, staged(uri, staging), dirs_exist_ok=True)
    for uri in uris(shaped["outputs"]):
        staged(uri, staging).parent.mkdir(parents=True, exist_ok=True)


def upload(output: dict, shaped: dict, store: pathlib.Path, staging: pathlib.Path) -> dict:
    """Uploads outputs, and returns the ExecutorOutput with the URIs that `kfp.local` knows."""
    sent = shaped["outputs"]["artifacts"]
    result = copy.deepcopy(output)
    for key, entry in result.get("artifacts", {}).items():
        for artifact, asked in zip(entry["artifacts"], sent[key]["artifacts"], strict=True):
            assert artifact["uri"] == asked["uri"], f"{key} was moved to {artifact['uri']}"
            made = staged(artifact["uri"], staging)
            artifact["uri"] = local(artifact["uri"], store)
            if made.exists():
                shutil.copytree(made, artifact["uri"], dirs_exist_ok=True)
    return result


def uris(side: dict) -> list[str]:
    return [
        artifact["uri"]
        for entry in side.get("artifacts", {}).values()
        for artifact in entry["artifacts"]
    ]
