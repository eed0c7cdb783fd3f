"""AtomicPusher: TFX's Pusher, whose version folder appears complete or not at all.

TFX copies file by file into the folder that TensorFlow Serving polls; a server may then see half a
model, and a full disk leaves one behind.
"""

import dataclasses
import datetime
import json
import os
from typing import Any

from absl import logging
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tfx import types
from tfx import v1 as tfx
from tfx.components.pusher import executor
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import artifact_utils, standard_artifacts, standard_component_specs
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.bundle import manifest
from components.evaluation import reasons, results
from components.registry import placing, signature
from components.registry import versions as registry

DESTINATION = "pushed_destination"
VERSION = "pushed_version"
SAME_AS = "same_as"  # path of the version that is the same bundle, where nothing was pushed for it
EVALUATION, KEEP_VERSIONS, GIT_REVISION = "evaluation", "keep_versions", "git_revision"
FAIL_IF_NOT_BLESSED, CONFIGURATION = "fail_if_not_blessed", "configuration"
SIGNING_KEY_FILE = "signing_key_file"


class NotBlessedError(ValueError):
    """The bundle is not blessed, and the run shall fail for it; the message says why."""


class AtomicPusherSpec(standard_component_specs.PusherSpec):
    """TFX's PusherSpec, with facts for the manifest, and the number of versions to keep."""

    INPUTS = {
        **standard_component_specs.PusherSpec.INPUTS,
        EVALUATION: ChannelParameter(type=standard_artifacts.ModelEvaluation),
    }
    PARAMETERS = {
        **standard_component_specs.PusherSpec.PARAMETERS,
        KEEP_VERSIONS: ExecutionParameter(type=int),
        GIT_REVISION: ExecutionParameter(type=str),
        FAIL_IF_NOT_BLESSED: ExecutionParameter(type=int),
        CONFIGURATION: ExecutionParameter(type=str),
        SIGNING_KEY_FILE: ExecutionParameter(type=str),
    }


class Executor(executor.Executor):
    """Lets TFX push to a hidden folder beside the versions, then renames the version into place."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pushes the bundle if it was blessed, and the same one is not there yet.

        Raises:
            NotBlessedError: It is not blessed, and the run shall fail then.
            ValueError: The bundle is not what its manifest says, or the key can't be read.
            OSError: It can't be copied; nothing is left of the try.
            TimeoutError: Another process changes the versions for too long.
        """
        base, filesystem = _destination(exec_properties)
        pushed = artifact_utils.get_single_instance(
            output_dict[standard_component_specs.PUSHED_MODEL_KEY]
        )
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed)
            refuse(input_dict, bool(exec_properties[FAIL_IF_NOT_BLESSED]))
            return
        bundle = self.GetModelPath(input_dict)
        same = same_bundle(base, bundle)
        if same:
            logging.info("%s is the same bundle already: nothing is pushed.", same)
            self._MarkNotPushed(pushed)
            pushed.set_string_custom_property(SAME_AS, same)
            return
        key_file = exec_properties[SIGNING_KEY_FILE]
        key = signature.read_private(key_file) if key_file else None
        with placing.incoming(base) as incoming:
            staged_destination = json.dumps(
                {"filesystem": {**filesystem, "base_directory": incoming}}
            )
            super().Do(
                input_dict,
                output_dict,
                {
                    **exec_properties,
                    standard_component_specs.PUSH_DESTINATION_KEY: staged_destination,
                },
            )
            staged = pushed.get_string_custom_property(VERSION)
            if staged:
                evaluation = artifact_utils.get_single_uri(input_dict[EVALUATION])
                push = {
                    "at": datetime.datetime.now(datetime.timezone.utc).isoformat("T", "seconds"),
                    "run": (self._context.pipeline_run_id if self._context else None) or "",
                    "git_revision": exec_properties[GIT_REVISION],
                    "metrics": results.metrics(evaluation)[results.OVERALL],
                }
                folder = os.path.join(incoming, staged)
                configuration = json.loads(exec_properties[CONFIGURATION])
                keep = exec_properties[KEEP_VERSIONS]
                version = publish(base, folder, push, keep, configuration, key)
                pushed.set_string_custom_property(VERSION, str(version))
                pushed.set_string_custom_property(DESTINATION, registry.folder(base, version))


def refuse(input_dict: dict[str, list[types.Artifact]], fail: bool) -> None:
    """Says why a bundle is not pushed, in the last line of the log.

    Args:
        input_dict: The Pusher's inputs.
        fail: Whether the run shall fail for it.

    Raises:
        NotBlessedError: It shall.
    """
    blessing = artifact_utils.get_single_instance(
        input_dict[standard_component_specs.MODEL_BLESSING_KEY]
    )
    why = "; ".join(reasons.of_blessing(blessing)) or f"{blessing.uri} does not say why"
    message = f"NOT BLESSED, nothing was pushed: {why}"
    if fail:
        raise NotBlessedError(f"{message}. A run of gates.on_failure=warn goes on.")
    logging.error("%s", message)


def same_bundle(base: str, bundle: str) -> str | None:
    """Returns the path of the newest version under `base` if it has the same content as a bundle.

    An older one does not count: who runs yesterday's settings again wants them served again. One
    that later code made, or that is damaged, is another bundle.
    """
    versions = registry.versions(base)
    if not versions:
        return None
    newest = registry.folder(base, versions[-1])
    candidate = manifest.read(bundle)
    try:
        pushed = manifest.read(newest)
    except ValueError as error:
        logging.warning("The bundle is not compared with the newest version: %s", error)
        return None
    return newest if candidate and pushed and pushed.content == candidate.content else None


def publish(
    base: str,
    staged: str,
    push: dict[str, Any],
    keep: int,
    configuration: dict[str, Any] | None = None,
    key: Ed25519PrivateKey | None = None,
) -> int:
    """Checks a staged bundle, signs it, makes room, and renames it into place.

    Args:
        base: The folder that TensorFlow Serving watches.
        staged: Path of the bundle, in a hidden folder under `base`.
        push: Facts of the push for the manifest.
        keep: Number of versions to keep, this one included.
        configuration: Of the run, for the manifest.
        key: Key to sign with; by default the version is not signed.

    Returns:
        Its version.

    Raises:
        ValueError: It is not what its manifest says.
    """
    problems = manifest.problems(staged)
    if problems:
        raise ValueError(
            "The bundle is not what its manifest says, nothing was pushed:\n  "
            + "\n  ".join(problems)
        )
    described = manifest.read(staged)
    assert described is not None  # a missing one is a problem
    told = dataclasses.replace(described, push=push, configuration=configuration or {})
    manifest.write(staged, told)
    if key:
        signature.sign(staged, key)
    with placing.locked(base, "push of a version"):
        placing.retire(base, keep - 1)
        return placing.place(base, staged, int(os.path.basename(staged)))


def _destination(exec_properties: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Returns the folder to push to, and what else the destination says of the file system."""
    destination = json.loads(exec_properties[standard_component_specs.PUSH_DESTINATION_KEY])
    filesystem = dict(destination["filesystem"])
    base = filesystem.pop("baseDirectory", None) or filesystem.pop("base_directory")
    return base, filesystem


class AtomicPusher(base_component.BaseComponent):
    """Pushes a blessed bundle to the folder that TensorFlow Serving watches."""

    SPEC_CLASS = AtomicPusherSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        model: types.BaseChannel,
        model_blessing: types.BaseChannel,
        infra_blessing: types.BaseChannel,
        evaluation: types.BaseChannel,
        push_destination: tfx.proto.PushDestination,
        keep_versions: int,
        git_revision: str = "",
        fail_if_not_blessed: bool = False,
        configuration: str = "{}",
        signing_key_file: str = "",
    ) -> None:
        """Creates the component.

        Args:
            model: The bundle.
            model_blessing: Blessing of the Evaluator.
            infra_blessing: Blessing of the Canary.
            evaluation: Metrics of the Evaluator, for the manifest.
            push_destination: The folder that TensorFlow Serving watches.
            keep_versions: Number of versions to keep there, the new one included.
            git_revision: Commit of the code, for the manifest.
            fail_if_not_blessed: Whether it fails then, instead of pushing nothing.
            configuration: Settings of the run, JSON, for the manifest. Not the bundle's: another
                threshold makes no bundle anew.
            signing_key_file: File of the key to sign with; empty: versions are not signed.
        """
        super().__init__(
            spec=AtomicPusherSpec(
                model=model,
                model_blessing=model_blessing,
                infra_blessing=infra_blessing,
                evaluation=evaluation,
                push_destination=push_destination,
                keep_versions=keep_versions,
                git_revision=git_revision,
                fail_if_not_blessed=int(fail_if_not_blessed),
                configuration=configuration,
                signing_key_file=signing_key_file,
                pushed_model=types.Channel(type=standard_artifacts.PushedModel),
            )
        )
