"""Folders of data on any file system: the files of a data set in one, and a local copy of them."""

import contextlib
import os
import pathlib
import tempfile
from collections.abc import Iterator

from tfx.dsl.io import fileio

from components.ingestion import tables
from components.ingestion.access import told_of
from transform.definition import Definition


def source_files(uri: str, definition: Definition) -> dict[str, str]:
    """Returns the files of a folder that a run reads.

    Args:
        uri: The folder, local or on a file system that TFX knows.
        definition: Of the data set.

    Returns:
        Where each file is, by its name within the folder.

    Raises:
        ValueError: The folder is not there, may not be read, or has none of the files.
    """
    if "://" not in uri:
        names = _names(pathlib.Path(uri), definition, uri)
    else:
        with tempfile.TemporaryDirectory() as sketch:
            with told_of(uri):
                _sketch(uri, pathlib.Path(sketch))
            try:
                names = _names(pathlib.Path(sketch), definition, uri)
            except ValueError as error:  # names the sketch, which nobody knows of
                raise ValueError(str(error).replace(sketch, uri)) from None
    return {name: os.path.join(uri, name) for name in names}


@contextlib.contextmanager
def local_folder(uri: str, definition: Definition) -> Iterator[pathlib.Path]:
    """Gives the folder itself, or, if it is elsewhere, a copy of the files that a run reads."""
    if "://" not in uri:
        yield pathlib.Path(uri)
        return
    with tempfile.TemporaryDirectory() as copy:
        for name, path in source_files(uri, definition).items():
            local = pathlib.Path(copy, name)
            local.parent.mkdir(parents=True, exist_ok=True)
            with told_of(path):
                fileio.copy(path, str(local))
        yield pathlib.Path(copy)


def _names(folder: pathlib.Path, definition: Definition, uri: str) -> list[str]:
    """Returns the names of the files, relative to the folder."""
    paths = tables.source_files(folder, definition)
    if not paths:
        raise ValueError(f"{uri} has no file of {definition.name}: give the folder of its files.")
    return [path.relative_to(folder).as_posix() for path in paths]


def _sketch(uri: str, folder: pathlib.Path) -> None:
    """Makes empty files named like those of a folder and of the folders in it.

    What a data set is read from is told by names alone, so that nothing need be copied to know it.
    """
    for name in fileio.listdir(uri):
        path, local = os.path.join(uri, name), folder / name.rstrip("/")
        if fileio.isdir(path):
            local.mkdir(exist_ok=True)
            for inner in fileio.listdir(path):
                (local / inner.rstrip("/")).touch()
        else:
            local.touch()
