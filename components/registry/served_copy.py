"""Copy of the served bundle as an artifact, where it may be compared with a new one."""

from collections.abc import Callable

from absl import logging
from tfx import types
from tfx.dsl.io import fileio
from tfx.utils import io_utils, path_utils

from components.bundle import manifest
from components.registry import comparability, versions


def copy_served(
    serving_base: str,
    model: types.Artifact,
    candidate: Callable[[], manifest.Manifest],
    otherwise: str,
) -> None:
    """Copies the version that is served into an artifact, or leaves that empty.

    It is empty before the first push and where a comparison would mean nothing; the log says why.

    Args:
        serving_base: The folder that TensorFlow Serving watches.
        model: Artifact to copy to; an empty folder if there is nothing to copy.
        candidate: Function that returns the manifest of the new bundle; called only if one is
            served.
        otherwise: Consequence for the caller where nothing is copied, for the log.
    """
    fileio.makedirs(model.uri)
    version = versions.served(serving_base)
    if version is None:
        logging.info("Nothing was pushed to %s yet: %s.", serving_base, otherwise)
        return
    served = versions.folder(serving_base, version)
    reason = comparability.why_not(manifest.read(served), candidate())
    if reason:
        logging.warning("%s is served, but %s: %s.", served, reason, otherwise)
        return
    logging.info("%s is served, and copied.", served)
    model.set_string_custom_property("served_version", str(version))
    io_utils.copy_dir(served, path_utils.serving_model_dir(model.uri))
