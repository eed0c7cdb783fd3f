"""Runs one TFX executor on an ExecutorInput that TFX understands.

TFX's own `kubeflow_v2_run_executor` does this too, but imports every component for it, and leaves
ExampleGen's look at its data to a hook that open-source Kubeflow does not call.
"""

import json
import os
from typing import Any

from absl import logging
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2
from tfx import types
from tfx.dsl.components.base import base_beam_executor, base_executor
from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_entrypoint_utils
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import import_utils
from tfx.version import __version__

from pipeline.kubeflow.compiler.parameters_of_runs import set_fields, take_run
from pipeline.kubeflow.container import shared_artifacts
from pipeline.kubeflow.container.executor_input import Json

EXAMPLES, INPUT_BASE, INPUT_CONFIG = "examples", "input_base", "input_config"
TEMPORARY = ".temp"

Artifacts = dict[str, list[types.Artifact]]


def run(
    executor_class_path: str, executor_input: Json, inputs_spec: Json, beam_args: list[str]
) -> Json:
    """Runs an executor.

    Args:
        executor_class_path: Its dotted path.
        executor_input: An ExecutorInput with local URIs and full types.
        inputs_spec: The component's ComponentInputsSpec.
        beam_args: Beam's pipeline options.

    Returns:
        The ExecutorOutput.

    Raises:
        Exception: Whatever the executor raises.
    """
    message = json_format.ParseDict(
        executor_input, pipeline_spec_pb2.ExecutorInput(), ignore_unknown_fields=True
    )
    names: dict[int, str] = {}
    parse = kubeflow_v2_entrypoint_utils.parse_raw_artifact_dict
    inputs, outputs = (
        parse(message.inputs.artifacts, names),
        parse(message.outputs.artifacts, names),
    )
    properties = set_fields(
        kubeflow_v2_entrypoint_utils.parse_execution_properties(
            message.inputs.parameter_values,
            message.inputs.parameters,
            json_format.ParseDict(inputs_spec, pipeline_spec_pb2.ComponentInputsSpec()),
        )
    )
    run_id = take_run(properties)
    if INPUT_BASE in properties and INPUT_CONFIG in properties:
        properties = look_at_data(properties, inputs, outputs)

    executor_class = import_utils.import_class_by_path(executor_class_path)
    logging.info("Executor %s.", executor_class_path)
    logging.debug("Inputs %s, outputs %s, properties %s.", inputs, outputs, properties)
    folder = os.path.dirname(message.outputs.output_file)
    _do(executor_class, folder, run_id, beam_args)(inputs, outputs, properties)
    for artifact in (artifact for artifacts in outputs.values() for artifact in artifacts):
        artifact.set_string_custom_property(
            artifact_utils.ARTIFACT_TFX_VERSION_CUSTOM_PROPERTY_KEY, __version__
        )
        if isinstance(artifact, standard_artifacts.ModelBlessing):
            kubeflow_v2_entrypoint_utils.refactor_model_blessing(artifact, names)
    made = kubeflow_v2_entrypoint_utils.translate_executor_output(outputs, names)
    result: Json = json_format.MessageToDict(pipeline_spec_pb2.ExecutorOutput(artifacts=made))
    return result


def look_at_data(
    properties: dict[str, Any], inputs: Artifacts, outputs: Artifacts
) -> dict[str, Any]:
    """Does what ExampleGen's driver does elsewhere: finds span and version, and takes fingerprints.

    Returns:
        The execution properties with them; the artifact of `outputs` has them too.
    """
    from components.ingestion import driver

    artifact = artifact_utils.get_single_instance(outputs[EXAMPLES])
    return driver.look_at_data(properties, inputs, artifact.mlmd_artifact)


def _do(executor_class: type, task_root: str, run_id: str, beam_args: list[str]) -> Any:
    """Returns what runs the executor on inputs, outputs and execution properties."""
    context = {
        "tmp_dir": os.path.join(task_root, TEMPORARY),
        "unique_id": os.path.basename(task_root),
        "pipeline_run_id": run_id,
    }
    if not issubclass(executor_class, base_beam_executor.BaseBeamExecutor):
        return executor_class(
            base_executor.BaseExecutor.Context(extra_flags=beam_args, **context)
        ).Do
    shared = shared_artifacts.folder(beam_args)
    if shared:
        context["tmp_dir"] = os.path.join(shared, TEMPORARY)
    do = executor_class(
        base_beam_executor.BaseBeamExecutor.Context(beam_pipeline_args=beam_args, **context)
    ).Do
    return shared_artifacts.passed_on(do, shared) if shared else do


def read_json(text: str, option: str) -> Json:
    """Returns an option's JSON object.

    Raises:
        ValueError: It is none.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{option} is not JSON ({error}): {text[:200]!r}") from error
    if not isinstance(value, dict):
        raise ValueError(f"{option} must be a JSON object, got {text[:200]!r}.")
    return value
