"""Runs a compiled pipeline through `kfp.local`, every container as a process of our environment.

    .venv-kubeflow/bin/python run_in_kfp_local.py PIPELINE PYTHON FOLDER PARAMETERS

FOLDER/store stands for the bucket. Each container gets its ExecutorInput in the driver's shape, and
a staging folder of its own that is filled before and emptied after it, as the launcher does.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest.mock

import driver_shaped
from kfp import components, local
from kfp.local import status, subprocess_task_handler

INVOCATION = "--json_serialized_invocation_args"


class Container:
    """Takes the place of kfp.local's handler, which runs Python functions only."""

    python: str
    folder: pathlib.Path
    ids: dict[str, int] = {}

    def __init__(self, image, full_command, pipeline_root, runner, **others) -> None:
        self.image = image
        self.command = list(full_command)

    def run(self) -> status.Status:
        position = self.command.index(INVOCATION) + 1
        sent = json.loads(self.command[position])
        shaped = driver_shaped.executor_input(sent, self.folder / "store", self.ids)
        output_file = pathlib.Path(shaped["outputs"]["outputFile"])
        output_file.parent.mkdir(parents=True, exist_ok=True)
        assert "sha256:" in self.image
        assert self.command[0] == "python"
        with (
            tempfile.TemporaryDirectory(dir=self.folder) as staging,
            tempfile.TemporaryDirectory(dir=self.folder) as empty,
        ):
            driver_shaped.download(shaped, self.folder / "store", pathlib.Path(staging))
            self.command[position] = json.dumps(shaped)
            name = self.command[self.command.index("--executor_class_path") + 1]
            log = self.folder / "logs" / f"{len(os.listdir(self.folder / 'logs')):02}-{name}.log"
            with log.open("w") as stream:
                done = subprocess.run(
                    [self.python, *self.command[1:], "--staging_root", staging],
                    cwd=empty,
                    stdout=stream,
                    stderr=subprocess.STDOUT,
                    check=False,
                )
            if done.returncode:
                print(f"{name} exited {done.returncode}: {log.read_text().splitlines()[-1]}")
                return status.Status.FAILURE
            output = driver_shaped.upload(
                json.loads(output_file.read_text()),
                shaped,
                self.folder / "store",
                pathlib.Path(staging),
            )
        (self.folder / "outputs").mkdir(exist_ok=True)
        (self.folder / "outputs" / f"{log.stem}.json").write_text(json.dumps(output, indent=1))
        output_file.write_text(json.dumps(output))
        return status.Status.SUCCESS


def main(pipeline: str, python: str, folder: str, parameters: str) -> None:
    Container.python, Container.folder = python, pathlib.Path(folder)
    for name in ("store", "logs"):
        (Container.folder / name).mkdir(parents=True, exist_ok=True)
    local.init(
        local.SubprocessRunner(use_venv=False), pipeline_root=str(Container.folder / "store")
    )
    with unittest.mock.patch.object(subprocess_task_handler, "SubprocessTaskHandler", Container):
        components.load_component_from_file(pipeline)(**json.loads(parameters))


if __name__ == "__main__":
    main(*sys.argv[1:])
