"""Artifacts where Beam's workers see them: Kubeflow stages them on the pod's own disk.

A component whose Beam job runs elsewhere (Dataflow, Flink, Spark) reads copies of its inputs under
Beam's `--temp_location`, a bucket or a mounted volume, and writes its outputs there; then they come
back to where Kubeflow's launcher uploads them from.
"""

import os
import uuid
from collections.abc import Callable
from typing import Any

from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions
from tfx import types
from tfx.dsl.io import fileio
from tfx.utils import io_utils

from pipeline.kubeflow.environment.beam import IN_PROCESS

Artifacts = dict[str, list[types.Artifact]]
Do = Callable[[Artifacts, Artifacts, dict[str, Any]], None]


def folder(beam_args: list[str]) -> str | None:
    """Returns a new folder's name under `--temp_location`, or None where Beam runs in process."""
    options = PipelineOptions(beam_args).get_all_options()
    if (options["runner"] or "") in IN_PROCESS:
        return None
    location = PipelineOptions(beam_args).view_as(GoogleCloudOptions).temp_location
    if not location:
        raise ValueError(f"Beam's {options['runner']} needs --temp_location, to share artifacts.")
    return os.path.join(location, f"artifacts-{uuid.uuid4().hex}")


def passed_on(do: Do, shared: str) -> Do:
    """Returns an executor's `Do` that runs on copies.

    Args:
        do: The executor's own.
        shared: Folder of the copies; removed at the end, however it comes.
    """

    def on_copies(inputs: Artifacts, outputs: Artifacts, properties: dict[str, Any]) -> None:
        staged = {}
        try:
            for side, artifacts in (("inputs", inputs), ("outputs", outputs)):
                for key, number, artifact in _each(artifacts):
                    staged[id(artifact)] = artifact.uri
                    copy = os.path.join(shared, side, key, str(number))
                    if side == "inputs":
                        io_utils.copy_dir(artifact.uri, copy)
                    artifact.uri = copy
            do(inputs, outputs, properties)
            for _, _, artifact in _each(outputs):
                if fileio.exists(artifact.uri):
                    io_utils.copy_dir(artifact.uri, staged[id(artifact)])
        finally:
            for _, _, artifact in (*_each(inputs), *_each(outputs)):
                artifact.uri = staged.get(id(artifact), artifact.uri)
            if fileio.exists(shared):
                fileio.rmtree(shared)

    return on_copies


def _each(artifacts: Artifacts) -> list[tuple[str, int, types.Artifact]]:
    return [
        (key, number, artifact)
        for key, entries in artifacts.items()
        for number, artifact in enumerate(entries)
    ]
