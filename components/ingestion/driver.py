"""What an ExampleGen does before it runs: finds the folder of its span, and takes fingerprints.

It also reads who is left out, so that the list is a part of the cache key on every runner.

Where timelines and items are read one after the other, a new span may arrive in between. So the
timelines are read from the folder that the catalogue notes it came from.
"""

import copy
from typing import Any

from absl import logging
from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.components.example_gen import driver, utils
from tfx.dsl.io import fileio
from tfx.orchestration import data_types_utils
from tfx.orchestration.portable import data_types
from tfx.proto.orchestration import driver_output_pb2
from tfx.types import artifact_utils, standard_component_specs

from components.ingestion import as_of, fingerprints, folders, forgotten, settings, spans
from transform import features

EXAMPLES = standard_component_specs.EXAMPLES_KEY
INPUT_BASE = standard_component_specs.INPUT_BASE_KEY
REQUESTED_SPAN = "requested_span"
SERVING_BASE = "serving_base"  # beside it lies the list of forgotten users
ITEMS = "items"
FOLDER = "folder"  # property of Examples: where they were read from
FINGERPRINT = utils.FINGERPRINT_PROPERTY_NAME
VERSION = utils.VERSION_PROPERTY_NAME
NO_SPAN = 0  # as TFX numbers what has none

Inputs = dict[str, list[types.Artifact]]


class FolderDriver(driver.FileBasedDriver):
    """A driver for a folder that may be a pattern, or be given by the catalogue."""

    def run(self, execution_info: data_types.ExecutionInfo) -> driver_output_pb2.DriverOutput:
        """Returns the properties of execution and artifact. The local runner calls this."""
        artifact = copy.deepcopy(execution_info.output_dict[EXAMPLES][0].mlmd_artifact)
        resolved = look_at_data(execution_info.exec_properties, execution_info.input_dict, artifact)
        result = driver_output_pb2.DriverOutput()
        for name, value in resolved.items():
            if value is not None:
                data_types_utils.set_metadata_value(result.exec_properties[name], value)
        result.output_artifacts[EXAMPLES].artifacts.append(artifact)
        return result


def look_at_data(
    exec_properties: dict[str, Any], inputs: Inputs, artifact: metadata_store_pb2.Artifact
) -> dict[str, Any]:
    """Finds the folder and notes on an artifact where, which span and which content it is.

    The fingerprint is not TFX's own, which takes the folder for a pattern, and goes by sizes and
    whole seconds.

    Args:
        exec_properties: The ExampleGen's.
        inputs: Its input artifacts; `items`, if there, says which folder.
        artifact: Its output; extended.

    Returns:
        The execution properties, with the folder as `input_base`, span, version and fingerprint,
        and the list of forgotten users, if one is asked for.

    Raises:
        ValueError: There is no such folder, and the message says which there are; or it has no
            file that is read, or the list or the moment of `as_of` can't be read.
    """
    as_of.seconds(exec_properties.get(settings.AS_OF) or "")
    folder = _folder(exec_properties, inputs)
    definition = settings.definition(settings.unpack(exec_properties))
    files = folders.source_files(folder.path, definition)
    logging.info("Reading %s, span %s: %s.", folder.path, folder.span, ", ".join(files))
    resolved = {
        **exec_properties,
        INPUT_BASE: folder.path,
        features.SPAN: NO_SPAN if folder.span is None else folder.span,
        VERSION: folder.version,
        FINGERPRINT: fingerprints.of_files(files.items()),
    }
    if base := exec_properties.get(SERVING_BASE):
        resolved[settings.FORGOTTEN] = forgotten.read(base).to_json()
    driver.update_output_artifact(resolved, artifact)
    artifact.custom_properties[FOLDER].string_value = folder.path
    return resolved


def _folder(exec_properties: dict[str, Any], inputs: Inputs) -> spans.Folder:
    if not inputs.get(ITEMS):
        wanted = exec_properties.get(REQUESTED_SPAN) or spans.NEWEST
        return spans.find(exec_properties[INPUT_BASE], wanted, fileio.glob)
    items = artifact_utils.get_single_instance(inputs[ITEMS])
    has_version = items.has_custom_property(VERSION)
    return spans.Folder(
        items.get_string_custom_property(FOLDER),
        spans.of(items),
        items.get_int_custom_property(VERSION) if has_version else None,
    )
