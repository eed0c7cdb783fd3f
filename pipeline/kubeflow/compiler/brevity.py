"""Shortens what a server repeats in every Workflow, whose status must stay below a megabyte.

Argo compresses a larger one, which Kubeflow does not read: its list of tasks freezes. The driver
copies a component's specification and its container's arguments into a pod's patch, and Argo copies
that patch from node to node. Most of it were TFX's schemas of artifacts, of which Kubeflow, TFX's
entrypoint and ours read the title and nothing else.
"""

import json
from typing import Any

import yaml

OPTION = "--json_serialized_inputs_spec_args"
SCHEMA, TITLE, TYPE = "instanceSchema", "title", "parameterType"
AS_JSON_SAYS = ("STRING", "NUMBER_DOUBLE")  # types that a container need not be told


def shorten(spec: dict[str, Any]) -> None:
    """Shortens schemas and the arguments of containers, in place.

    Args:
        spec: A PipelineSpec that is complete otherwise.
    """
    for component in spec["components"].values():
        for side in ("inputDefinitions", "outputDefinitions"):
            for definition in component.get(side, {}).get("artifacts", {}).values():
                _shorten_type(definition["artifactType"])
    for executor in spec["deploymentSpec"]["executors"].values():
        arguments = executor.get("container", {}).get("args", [])
        if OPTION in arguments:
            position = arguments.index(OPTION) + 1
            arguments[position] = _inputs(json.loads(arguments[position]))


def _inputs(inputs: dict[str, Any]) -> str:
    """Returns a ComponentInputsSpec as short JSON: titles of artifacts, and types of numbers."""
    artifacts, parameters = inputs.get("artifacts", {}), inputs.get("parameters", {})
    for definition in artifacts.values():
        _shorten_type(definition["artifactType"])
    told = {n: of for n, of in parameters.items() if of[TYPE] not in AS_JSON_SAYS}
    kept = {"artifacts": artifacts, "parameters": told}
    return json.dumps({k: v for k, v in kept.items() if v}, sort_keys=True, separators=(",", ":"))


def _shorten_type(artifact_type: dict[str, Any]) -> None:
    if SCHEMA in artifact_type:
        title = yaml.safe_load(artifact_type[SCHEMA])[TITLE]
        artifact_type[SCHEMA] = f"{TITLE}: {title}"
