"""A folder for TensorBoard in which each training is named by its run, and not by a number."""

import os
import pathlib

from absl import logging

NAME = "tensorboard"


def add(output: pathlib.Path, run_id: str, logs: pathlib.Path) -> None:
    """Adds the logs of a training as a link of the run's name, unless it is there.

    Args:
        output: The output folder.
        run_id: The run that trained.
        logs: Folder of what TensorBoard shows, somewhere under the output folder.
    """
    link = output / NAME / run_id
    try:
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(os.path.relpath(logs, link.parent), target_is_directory=True)
    except FileExistsError:  # a later run took its training over
        return
    except OSError as error:  # a file system without links: nothing else depends on them
        logging.warning("TensorBoard will not know %s by its name: %s", run_id, error)


def remove_dangling(output: pathlib.Path) -> None:
    """Removes the links to logs that are gone."""
    folder = output / NAME
    for link in folder.iterdir() if folder.is_dir() else ():
        if link.is_symlink() and not link.exists():
            link.unlink()
