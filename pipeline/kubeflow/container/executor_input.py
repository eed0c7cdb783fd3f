"""Turns what Kubeflow's driver sends into what TFX understands; plain JSON, nothing of TFX.

The driver sends input artifacts without a schema, adds an output of its own, names artifacts by the
object store, and writes its own fields into their metadata. TFX knows none of that.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

from pipeline.kubeflow.compiler.packing import unpack

STAGED = {"gs": "gcs", "s3": "s3", "minio": "minio"}  # folder of the launcher by scheme
SERVERS_OWN_TYPES = "system."  # such as `executor-logs`, which is a system.Artifact
SERVERS_OWN_METADATA = ("display_name", "store_session_info")

Json = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class StagedFolders:
    """Where Kubeflow's launcher keeps the objects of a bucket in the container.

    It downloads inputs before a task runs and uploads outputs after it: `minio://bucket/key` is
    `/minio/bucket/key`.
    """

    root: str = "/"
    """Folder above; the root of the file system in a cluster."""

    def local(self, uri: str) -> str:
        """Returns the folder that stands for a URI; a plain path is its own.

        Raises:
            ValueError: The launcher does not stage that kind of URI.
        """
        scheme, separator, rest = uri.partition("://")
        if not separator:
            return uri
        if scheme not in STAGED:
            raise ValueError(
                f"Artifact {uri!r} lies in a store that Kubeflow does not stage; its pipeline root "
                f"must begin with one of {', '.join(f'{name}://' for name in STAGED)}."
            )
        return f"{self.root.rstrip('/')}/{STAGED[scheme]}/{rest}"


def understood(executor_input: Json, inputs_spec: Json, folders: StagedFolders) -> Json:
    """Returns an ExecutorInput as TFX reads it.

    Args:
        executor_input: As the driver sent it.
        inputs_spec: The component's ComponentInputsSpec, which holds the types of its inputs.
        folders: Where artifacts are staged.

    Raises:
        ValueError: An input has no type in the spec, or lies where nothing is staged.
    """
    inputs = executor_input.get("inputs", {})
    outputs = executor_input["outputs"]
    types = {key: spec["artifactType"] for key, spec in inputs_spec.get("artifacts", {}).items()}
    return {
        **executor_input,
        "inputs": {
            **inputs,
            "parameterValues": {
                name: unpack(value) for name, value in inputs.get("parameterValues", {}).items()
            },
            "artifacts": {
                key: {"artifacts": [_input(key, item, types, folders) for item in items]}
                for key, items in _artifacts(inputs)
            },
        },
        "outputs": {
            **outputs,
            "artifacts": {
                key: {"artifacts": [{**item, "uri": folders.local(item["uri"])} for item in items]}
                for key, items in own_outputs(outputs)
            },
        },
    }


def own_outputs(outputs: Json) -> Iterator[tuple[str, list[Json]]]:
    """Yields the outputs that the component itself declares, by key."""
    for key, items in _artifacts(outputs):
        titles = [item.get("type", {}).get("schemaTitle", "") for item in items]
        if not any(title.startswith(SERVERS_OWN_TYPES) for title in titles):
            yield key, items


def reported(executor_output: Json, executor_input: Json, folders: StagedFolders) -> Json:
    """Returns an ExecutorOutput as the launcher reads it: every artifact by its URI and name.

    Args:
        executor_output: As TFX wrote it.
        executor_input: As the driver sent it.
        folders: Where artifacts are staged. Metadata that name such a folder, which is gone with
            the pod, name its URI instead.
    """
    sent = dict(own_outputs(executor_input["outputs"]))
    sides = (executor_input.get("inputs", {}), executor_input["outputs"])
    uris = {
        folders.local(item["uri"]): item["uri"]
        for side in sides
        for _, items in _artifacts(side)
        for item in items
    }
    return {
        **executor_output,
        "artifacts": {
            key: {
                "artifacts": [
                    {
                        **made,
                        **_with_uris(made, uris),
                        **{name: item[name] for name in ("name", "uri") if name in item},
                    }
                    for made, item in zip(items, sent[key], strict=True)
                ]
            }
            for key, items in _artifacts(executor_output)
        },
    }


def _with_uris(made: Json, uris: dict[str, str]) -> Json:
    """Returns the metadata of an artifact, if it has any, with URIs instead of staged folders."""
    if "metadata" not in made:
        return {}
    values = made["metadata"].items()
    return {"metadata": {n: uris.get(v, v) if isinstance(v, str) else v for n, v in values}}


def _input(key: str, item: Json, types: Json, folders: StagedFolders) -> Json:
    if key not in types:
        raise ValueError(
            f"Input {key!r} is not in --json_serialized_inputs_spec_args "
            f"({', '.join(sorted(types)) or 'which names none'}): compile the pipeline anew."
        )
    metadata = item.get("metadata", {})
    return {
        **item,
        "type": types[key],
        "uri": folders.local(item["uri"]),
        "metadata": {
            name: value for name, value in metadata.items() if name not in SERVERS_OWN_METADATA
        },
    }


def _artifacts(side: Json) -> Iterator[tuple[str, list[Json]]]:
    """Yields the artifacts of the inputs or outputs by key."""
    for key, entry in side.get("artifacts", {}).items():
        yield key, entry.get("artifacts", [])
