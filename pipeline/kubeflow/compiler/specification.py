"""Mends the PipelineSpec that TFX compiles for Vertex, so that open-source Kubeflow runs it."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.kubeflow.environment.cluster import Environment
    from pipeline.kubeflow.environment.pods import ComponentSettings

LIKE_KFP = "comp-"  # kfp cuts five characters off a component's name to get the task's


def mend(spec: dict[str, Any], environment: "Environment", never_reused: Collection[str]) -> None:
    """Changes a PipelineSpec in place.

    * Components are named as kfp names them.
    * The pipeline root, which TFX leaves to Vertex's job, is the environment's.
    * Results are not reused where the data or the outside world may have changed: the server's
      cache key knows neither. TFX's own ExampleGens look at their data in a `lifecycle` hook,
      which no server calls; the entrypoint does it instead.
    * Every container asks for what the environment says.

    Args:
        spec: As TFX compiled it, in the form of JSON.
        environment: Where it shall run.
        never_reused: Components that look at the outside world.
    """
    spec["defaultPipelineRoot"] = environment.pipeline_root
    components, executors = spec["components"], spec["deploymentSpec"]["executors"]
    for name, task in spec["root"]["dag"]["tasks"].items():
        label = components[task["componentRef"]["name"]]["executorLabel"]
        container = executors[label].get("container")
        if container is None:
            continue  # not one of ours; what the server thinks of it is checked later
        looks_at_data = container.pop("lifecycle", None) is not None
        if looks_at_data or name in never_reused:
            task["cachingOptions"] = {}
        container["resources"] = resources(environment.of(name))
    spec["components"] = {LIKE_KFP + name: entry for name, entry in components.items()}
    for task in spec["root"]["dag"]["tasks"].values():
        task["componentRef"]["name"] = LIKE_KFP + task["componentRef"]["name"]


def resources(settings: "ComponentSettings") -> dict[str, Any]:
    """Returns a container's ResourceSpec: requests equal to limits, memory in gigabytes."""
    spec: dict[str, Any] = {
        "cpuRequest": settings.cpu,
        "cpuLimit": settings.cpu,
        "memoryRequest": settings.memory_gb,
        "memoryLimit": settings.memory_gb,
    }
    if settings.accelerator:
        spec["accelerator"] = {
            "type": settings.accelerator,
            "count": str(settings.accelerator_count),  # an int64, as JSON of protos writes it
        }
    return spec
