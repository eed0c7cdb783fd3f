"""What a Kubeflow Pipelines server, its driver or Argo would refuse, found before uploading."""

import graphlib
import re
from collections.abc import Iterator
from typing import Any

SCHEMA_VERSION = "2.1.0"
ARGO_NAME = re.compile(r"[a-zA-Z0-9](-?[a-zA-Z0-9])*")
PIPELINE_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,126}[a-z0-9])?")
BY_DIGEST = re.compile(r"\S+@sha256:[0-9a-f]{64}")
ROOTS = ("gs://", "s3://", "minio://", "oci://")
EXECUTORS = ("container", "importer")


def of(documents: list[dict[str, Any]]) -> list[str]:
    """Returns every reason for which the pipeline would be refused or could not run.

    Args:
        documents: The PipelineSpec, and the PlatformSpec if there is one.
    """
    specs = [document for document in documents if "pipelineInfo" in document]
    if len(specs) != 1 or len(documents) > 2:
        return [f"exactly one document must have pipelineInfo, {len(specs)} have"]
    platforms = [document for document in documents if document is not specs[0]]
    return [
        *_head(specs[0]),
        *_executors(specs[0]),
        *(problem for parent in _parents(specs[0]) for problem in _tasks(specs[0], parent)),
        *_platform(specs[0], platforms),
    ]


def _head(spec: dict[str, Any]) -> Iterator[str]:
    if spec.get("schemaVersion") != SCHEMA_VERSION:
        yield f"schemaVersion must be {SCHEMA_VERSION}, got {spec.get('schemaVersion')!r}"
    name = spec["pipelineInfo"].get("name", "")
    if not PIPELINE_NAME.fullmatch(name):
        yield f"the pipeline's name must be lower-case letters, digits and -, got {name!r}"
    root = spec.get("defaultPipelineRoot", "")
    if not root.startswith(ROOTS):
        yield f"defaultPipelineRoot must begin with one of {', '.join(ROOTS)}, got {root!r}"
    for name, definition in _definitions(spec["root"]).items():
        if "defaultValue" not in definition and not definition.get("isOptional"):
            yield f"runtime parameter {name} has no default: a run that leaves it out fails"


def _executors(spec: dict[str, Any]) -> Iterator[str]:
    for label, executor in spec["deploymentSpec"]["executors"].items():
        kind = next(iter(executor), "no")
        if kind not in EXECUTORS:
            yield f"{label}: {kind} executors are not implemented"
        container = executor.get("container")
        if container is None:
            continue
        if not BY_DIGEST.fullmatch(container.get("image", "")):
            yield f"{label}: the image must be named by digest, got {container.get('image')!r}"
        if not container.get("command"):
            yield f"{label}: there is no command, and the launcher ignores the image's own"
        if "lifecycle" in container:
            yield f"{label}: lifecycle hooks are ignored by the server"
        accelerator = container.get("resources", {}).get("accelerator")
        if accelerator and "/" not in accelerator.get("type", ""):
            yield f"{label}: accelerator {accelerator.get('type')!r} is no Kubernetes resource name"


def _parents(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields what has tasks: the pipeline itself, and every part of it that is one in turn."""
    yield spec["root"]
    yield from (component for component in spec["components"].values() if "dag" in component)


def _tasks(spec: dict[str, Any], parent: dict[str, Any]) -> Iterator[str]:
    tasks, components = parent["dag"]["tasks"], spec["components"]
    waits = {}
    for name, task in tasks.items():
        if not ARGO_NAME.fullmatch(name):
            yield f"{name}: Argo allows only letters, digits and single - inside a task's name"
        component = components.get(task["componentRef"]["name"])
        if component is None:
            yield f"{name}: there is no component {task['componentRef']['name']!r}"
            continue
        label = component.get("executorLabel")
        if "dag" not in component and label not in spec["deploymentSpec"]["executors"]:
            yield f"{name}: there is no executor {label!r}"
        waits[name] = {*task.get("dependentTasks", ()), *_producers(task)}
        for producer in sorted(waits[name]):
            if producer not in tasks:
                yield f"{name}: it waits for {producer!r}, which is no task"
        yield from _inputs(spec, parent, name, task, component)
    try:
        graphlib.TopologicalSorter(waits).prepare()
    except graphlib.CycleError as error:
        yield f"tasks wait for each other: {', '.join(sorted(set(error.args[1])))}"


def _inputs(
    spec: dict[str, Any],
    parent: dict[str, Any],
    name: str,
    task: dict[str, Any],
    component: dict[str, Any],
) -> Iterator[str]:
    given = task.get("inputs", {}).get("parameters", {})
    for parameter, value in given.items():
        if parameter not in _definitions(component):
            yield f"{name}: its component has no parameter {parameter!r}"
        outer = value.get("componentInputParameter")
        if outer and outer not in _definitions(parent):
            yield f"{name}: {parameter} wants the runtime parameter {outer!r}, which is not defined"
    for parameter, definition in _definitions(component).items():
        optional = definition.get("isOptional") or "defaultValue" in definition
        if parameter not in given and not optional:
            yield f"{name}: parameter {parameter!r} of its component is not given"
    for key, value in task.get("inputs", {}).get("artifacts", {}).items():
        output = value.get("taskOutputArtifact", {})
        producer = parent["dag"]["tasks"].get(output.get("producerTask"))
        if producer:
            made = spec["components"].get(producer["componentRef"]["name"], {})
            known = made.get("outputDefinitions", {}).get("artifacts", {})
            if output.get("outputArtifactKey") not in known:
                yield f"{name}: {key} wants an output that {output['producerTask']} does not have"


def _platform(spec: dict[str, Any], platforms: list[dict[str, Any]]) -> Iterator[str]:
    for document in platforms:
        kubernetes = document.get("platforms", {}).get("kubernetes")
        if kubernetes is None or len(document["platforms"]) != 1:
            yield "the second document must be a PlatformSpec for kubernetes and nothing else"
            continue
        for label in kubernetes["deploymentSpec"]["executors"]:
            if label not in spec["deploymentSpec"]["executors"]:
                yield f"the PlatformSpec is about {label!r}, which is no executor"


def _definitions(component: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = component.get("inputDefinitions", {}).get("parameters", {})
    return found


def _producers(task: dict[str, Any]) -> Iterator[str]:
    inputs = task.get("inputs", {})
    for value in inputs.get("artifacts", {}).values():
        if "taskOutputArtifact" in value:
            yield value["taskOutputArtifact"]["producerTask"]
    for value in inputs.get("parameters", {}).values():
        if "taskOutputParameter" in value:
            yield value["taskOutputParameter"]["producerTask"]
