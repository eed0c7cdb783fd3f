"""Runs a compiled pipeline through `kfp.local`, every container as a process of our environment.

    .venv-kubeflow/bin/python run_in_kfp_local.py SETTINGS

The settings are JSON: `pipeline` (file), `python` (of the containers), `folder`, `run` (its name),
`parameters`, and `reused`: tasks whose outputs are those of the run named there, by task, as the
server's cache would have it. FOLDER/store stands for the bucket. Each container gets its
ExecutorInput in the driver's shape, and a staging folder of its own that is filled before and
emptied after it, as the launcher does.
"""

import json
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

    settings: dict
    ids: dict[str, int] = {}

    def __init__(self, image, full_command, pipeline_root, runner, **others) -> None:
        self.image = image
        self.command = list(full_command)

    def run(self) -> status.Status:
        position = self.command.index(INVOCATION) + 1
        sent = json.loads(self.command[position])
        output_file = pathlib.Path(sent["outputs"]["outputFile"])
        output_file.parent.mkdir(parents=True, exist_ok=True)
        task = output_file.parent.name
        folder = pathlib.Path(self.settings["folder"])
        reused = self.settings["reused"].get(task)
        if reused:
            output = json.loads((folder / reused / f"{task}.json").read_text())
        else:
            shaped = driver_shaped.executor_input(sent, folder / "store", self.ids)
            self.command[position] = json.dumps(shaped)
            output = self.contain(task, shaped, output_file)
            if output is None:
                return status.Status.FAILURE
        (folder / self.settings["run"] / f"{task}.json").write_text(json.dumps(output, indent=1))
        output_file.write_text(json.dumps(output))
        return status.Status.SUCCESS

    def contain(self, task: str, shaped: dict, output_file: pathlib.Path) -> dict | None:
        """Returns the container's output, uploaded, or None if it failed."""
        folder = pathlib.Path(self.settings["folder"])
        store, log = folder / "store", folder / self.settings["run"] / f"{task}.log"
        assert "@sha256:" in self.image
        assert self.command[0] == "python"
        with tempfile.TemporaryDirectory() as staging, tempfile.TemporaryDirectory() as empty:
            driver_shaped.download(shaped, store, pathlib.Path(staging))
            with log.open("w") as stream:
                done = subprocess.run(
                    [self.settings["python"], *self.command[1:], "--staging_root", staging],
                    cwd=empty,
                    stdout=stream,
                    stderr=subprocess.STDOUT,
                    check=False,
                )
            if done.returncode:
                last = log.read_text().splitlines()[-1]
                print(f"{task} exited {done.returncode}: {last}", file=sys.stderr)
                return None
            output = json.loads(output_file.read_text())
            return driver_shaped.upload(output, shaped, store, pathlib.Path(staging))


def main(settings: dict) -> None:
    Container.settings = settings
    folder = pathlib.Path(settings["folder"])
    for name in ("store", settings["run"]):
        (folder / name).mkdir(parents=True, exist_ok=True)
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(folder / "store"))
    with unittest.mock.patch.object(subprocess_task_handler, "SubprocessTaskHandler", Container):
        components.load_component_from_file(settings["pipeline"])(**settings["parameters"])


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
