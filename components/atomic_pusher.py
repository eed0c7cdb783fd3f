"""AtomicPusher: TFX's Pusher, whose version folder appears complete or not at all.

TFX copies file by file into the folder that TensorFlow Serving polls; a server may then see half a
model, and a full disk leaves one behind.
"""

import json
import os
import uuid
from typing import Any

from tfx import types
from tfx import v1 as tfx
from tfx.components.pusher import executor
from tfx.dsl.components.base import executor_spec
from tfx.dsl.io import fileio
from tfx.types import artifact_utils, standard_component_specs

DESTINATION = "pushed_destination"
VERSION = "pushed_version"


class Executor(executor.Executor):
    """Lets TFX push to a hidden folder beside the versions, then renames the version into place."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pushes the bundle if it was blessed.

        Raises:
            FileExistsError: Another push took the same version (the second it began in).
        """
        destination = json.loads(exec_properties[standard_component_specs.PUSH_DESTINATION_KEY])
        filesystem = destination["filesystem"]
        base = filesystem.get("base_directory") or filesystem["baseDirectory"]
        incoming = os.path.join(base, f".incoming-{uuid.uuid4().hex}")
        staged = {"filesystem": {**filesystem, "base_directory": incoming}}
        staged["filesystem"].pop("baseDirectory", None)
        try:
            super().Do(
                input_dict,
                output_dict,
                {
                    **exec_properties,
                    standard_component_specs.PUSH_DESTINATION_KEY: json.dumps(staged),
                },
            )
            pushed = artifact_utils.get_single_instance(
                output_dict[standard_component_specs.PUSHED_MODEL_KEY]
            )
            version = pushed.get_string_custom_property(VERSION)
            if version:
                place(os.path.join(incoming, version), os.path.join(base, version))
                pushed.set_string_custom_property(DESTINATION, os.path.join(base, version))
        finally:
            if fileio.exists(incoming):
                fileio.rmtree(incoming)


def place(staged: str, final: str) -> None:
    """Renames a complete version into place.

    Raises:
        FileExistsError: There is something at `final`.
    """
    if fileio.exists(final):
        raise FileExistsError(f"{final} exists: two pushes began in the same second; run again.")
    fileio.rename(staged, final)


class AtomicPusher(tfx.components.Pusher):
    """Pushes a blessed bundle to the folder that TensorFlow Serving watches."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
