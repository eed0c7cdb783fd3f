"""Trained towers kept inside a bundle, so that a refresh needs nothing but what is served.

The bundle's own graph holds them too, and TensorFlow can save that part of it again, with the same
answers. But it wraps the functions of every table once more each time: refreshed every night,
ML-100K's towers would grow by 66 kB and a quarter of a CPU second of loading a night.
"""

import os
import shutil
import tempfile
import zipfile

from tfx.dsl.io import fileio
from tfx.utils import io_utils

from components.bundle import manifest

PATH = os.path.join("assets.extra", "towers.zip")  # TFX's Pusher leaves out a second SavedModel


def pack(towers: str, bundle: str) -> None:
    """Puts towers into a bundle, before its manifest is written. The same towers, the same bytes.

    Args:
        towers: Path of their SavedModel.
        bundle: Path of the bundle's.
    """
    archive = os.path.join(bundle, PATH)
    fileio.makedirs(os.path.dirname(archive))
    with tempfile.TemporaryDirectory() as folder:
        local = os.path.join(folder, "towers.zip")
        with zipfile.ZipFile(local, "w") as packed:
            for name in sorted(manifest.checksums(towers)):
                entry = zipfile.ZipInfo(name)  # of 1980: when a file was written is no part of it
                entry.compress_type = zipfile.ZIP_DEFLATED
                with (
                    fileio.open(os.path.join(towers, name), "rb") as source,
                    packed.open(entry, "w", force_zip64=True) as target,
                ):
                    shutil.copyfileobj(source, target)
        fileio.copy(local, archive)


def unpack(bundle: str, towers: str) -> None:
    """Writes the towers of a bundle as the SavedModel that they were.

    Args:
        bundle: Path of the bundle's SavedModel.
        towers: Path of theirs.
    """
    with tempfile.TemporaryDirectory() as folder:
        archive, local = os.path.join(folder, "towers.zip"), os.path.join(folder, "towers")
        fileio.copy(os.path.join(bundle, PATH), archive)
        shutil.unpack_archive(archive, local)
        io_utils.copy_dir(local, towers)
