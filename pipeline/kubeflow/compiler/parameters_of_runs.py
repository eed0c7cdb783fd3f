"""What may differ from run to run: constants of the compiled graph made runtime parameters.

The graph itself knows plain values only; each becomes the default. TFX's RuntimeParameter loses its
default on the way, and can't be a field of a JSON property such as Pusher's destination.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

from pipeline import nodes

PARAMETERS = {
    "data": (
        f"{nodes.TIMELINES_EXAMPLE_GEN}.input_base",
        f"{nodes.ITEMS_EXAMPLE_GEN}.input_base",
    ),
    "span": (
        f"{nodes.TIMELINES_EXAMPLE_GEN}.requested_span",
        f"{nodes.ITEMS_EXAMPLE_GEN}.requested_span",
    ),
    "as_of": (
        f"{nodes.TIMELINES_EXAMPLE_GEN}.as_of",
        f"{nodes.ITEMS_EXAMPLE_GEN}.as_of",
        f"{nodes.PUSHER}.configuration.as_of",
    ),
    "serving_base": (
        f"{nodes.TIMELINES_EXAMPLE_GEN}.serving_base",
        f"{nodes.WARM_START}.serving_base",
        f"{nodes.BASELINE}.serving_base",
        f"{nodes.PUSHER}.push_destination.filesystem.base_directory",
    ),
    "withdrawn": (f"{nodes.CANDIDATE_INDEX}.withdrawn", f"{nodes.CANARY}.withdrawn"),
    **{
        name: (
            f"{nodes.TRAINER}.custom_config.model.{name}",
            f"{nodes.PUSHER}.configuration.model.{name}",
        )
        for name in ("epochs", "learning_rate", "seed")
    },
}
"""By name: the places of its value, each a task and its property; or a field of a JSON property,
which the entrypoint sets."""

OPTIONAL = (nodes.WARM_START,)  # tasks that a graph may lack
RUN = "pipeline_run_id"
RUN_PLACES = (f"{nodes.TRAINER}.{RUN}", f"{nodes.PUSHER}.{RUN}")
"""Who notes which run it is. Not more: a parameter that always differs keeps a task from being
taken from the cache."""

RUN_PLACEHOLDER = "{{$.pipeline_job_uuid}}"  # the driver puts the run's id there
PATHS = ("data", "serving_base")
TYPES = {bool: "BOOLEAN", int: "NUMBER_INTEGER", float: "NUMBER_DOUBLE", str: "STRING"}


def expose(spec: dict[str, Any], parameters: Mapping[str, tuple[str, ...]] = PARAMETERS) -> None:
    """Makes runtime parameters, in place.

    Args:
        spec: A PipelineSpec.
        parameters: The places of each by its name.

    Raises:
        ValueError: A place is not there, the places of one parameter hold different values, or a
            path is also somewhere that no parameter would reach.
    """
    definitions = spec["root"].setdefault("inputDefinitions", {}).setdefault("parameters", {})
    for name, all_places in parameters.items():
        places = [place for place in all_places if is_there(spec, place)]
        defaults = [_constant(spec, place) for place in places]
        if any(default != defaults[0] for default in defaults):
            raise ValueError(f"{name} differs: {dict(zip(places, defaults, strict=True))}.")
        kind = TYPES[type(defaults[0])]
        definitions[name] = {"parameterType": kind, "defaultValue": defaults[0]}
        for place in places:
            _set(spec, place, {"componentInputParameter": name}, kind)
    check_nothing_is_left(spec, {name: definitions[name]["defaultValue"] for name in PATHS})


def tell_run(spec: dict[str, Any]) -> None:
    """Lets the driver tell tasks the id of the run, in place."""
    for place in RUN_PLACES:
        _set(spec, place, {"runtimeValue": {"constant": RUN_PLACEHOLDER}}, TYPES[str])


def take_run(parameters: dict[str, Any]) -> str:
    """Takes the id of the run out of a component's parameters; empty if nobody told it."""
    told: str = parameters.pop(RUN, "")
    if told == RUN_PLACEHOLDER:  # a server that does not know it hands it on
        logging.warning("The server did not say which run this is.")
        return ""
    return told


def set_fields(parameters: dict[str, Any]) -> dict[str, Any]:
    """Returns a component's parameters with the fields set that are parameters of their own.

    Args:
        parameters: By name; "custom_config.model.epochs" is a field of the JSON in
            "custom_config".
    """
    plain = {name: value for name, value in parameters.items() if "." not in name}
    for name, value in parameters.items():
        if name not in plain:
            property_name, *path = name.split(".")
            document = json.loads(plain[property_name])
            _field(document, path)[path[-1]] = value
            plain[property_name] = json.dumps(document, sort_keys=True)
    return plain


def tasks_of(spec: dict[str, Any], name: str) -> list[str]:
    """Returns the tasks that see a parameter."""
    return [place.split(".")[0] for place in PARAMETERS[name] if is_there(spec, place)]


def is_there(spec: dict[str, Any], place: str) -> bool:
    """Returns whether a place belongs to the graph; one that must be there does in any case."""
    task = place.split(".")[0]
    return task not in OPTIONAL or task in spec["root"]["dag"]["tasks"]


def _constant(spec: dict[str, Any], place: str) -> Any:
    """Returns the value that TFX compiled into a place."""
    task, property_name, *path = place.split(".")
    try:
        inputs = spec["root"]["dag"]["tasks"][task]["inputs"]["parameters"]
        value = inputs[property_name]["runtimeValue"]["constant"]
        if path:
            document = json.loads(value)
            return _field(document, path)[path[-1]]
        component = spec["root"]["dag"]["tasks"][task]["componentRef"]["name"]
        kinds = spec["components"][component]["inputDefinitions"]["parameters"]
    except KeyError as error:
        raise ValueError(f"There is no {place} in the graph ({error} is missing).") from error
    return int(value) if kinds[property_name]["parameterType"] == "NUMBER_INTEGER" else value


def _set(spec: dict[str, Any], place: str, value: dict[str, Any], kind: str) -> None:
    """Gives a task a parameter, and tells its container the type if the component had none."""
    task_name, property_name = place.split(".", 1)
    task = spec["root"]["dag"]["tasks"][task_name]
    component = spec["components"][task["componentRef"]["name"]]
    task["inputs"]["parameters"][property_name] = value
    known = component["inputDefinitions"]["parameters"]
    if property_name not in known:
        known[property_name] = {"parameterType": kind}
        container = spec["deploymentSpec"]["executors"][component["executorLabel"]]["container"]
        position = container["args"].index("--json_serialized_inputs_spec_args") + 1
        container["args"][position] = json.dumps(component["inputDefinitions"], sort_keys=True)


def _field(document: dict[str, Any], path: list[str]) -> dict[str, Any]:
    """Returns the object that holds the field at the end of a path."""
    for key in path[:-1]:
        document = document[key]
    if path[-1] not in document:
        raise KeyError(path[-1])
    return document


def check_nothing_is_left(spec: dict[str, Any], paths: dict[str, str]) -> None:
    """Checks that no task holds a path as a constant besides the places that a parameter sets."""
    for task_name, task in spec["root"]["dag"]["tasks"].items():
        parameters = task.get("inputs", {}).get("parameters", {})
        for property_name, value in parameters.items():
            constant = value.get("runtimeValue", {}).get("constant")
            set_elsewhere = any(other.startswith(f"{property_name}.") for other in parameters)
            for name, path in paths.items():
                if isinstance(constant, str) and path in constant and not set_elsewhere:
                    raise ValueError(
                        f"{task_name}.{property_name} holds {path}: add it to the places of "
                        f"{name!r} in {__name__}, or a run with another value would miss it."
                    )
