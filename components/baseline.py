"""Baseline: the model that is served now, for the Evaluator to compare with.

TFX has a Resolver for this, which open-source Kubeflow refuses to run; an ordinary component reads
the registry in the same way everywhere.
"""

from absl import logging
from tfx import v1 as tfx
from tfx.utils import io_utils, path_utils

from components import registry
from components.bundle import comparability, manifest


@tfx.dsl.components.component
def Baseline(
    bundle: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Model],
    model: tfx.dsl.components.OutputArtifact[tfx.types.standard_artifacts.Model],
    serving_base: tfx.dsl.components.Parameter[str],
) -> None:
    """Copies the version that is served into its output, or leaves it empty.

    It is empty before the first push, and where the comparison would mean nothing: the log says
    why. The Evaluator then holds the bundle to the other thresholds only.

    Args:
        bundle: What would be compared with it.
        model: The bundle that is served now; an artifact without a model if there is none.
        serving_base: The folder that TensorFlow Serving watches.
    """
    tfx.dsl.io.fileio.makedirs(model.uri)
    version = registry.served(serving_base)
    if version is None:
        logging.info("Nothing was pushed to %s yet: there is no baseline.", serving_base)
        return
    served = registry.folder(serving_base, version)
    candidate = manifest.read(path_utils.serving_model_dir(bundle.uri))
    if candidate is None:
        raise ValueError(f"The bundle in {bundle.uri} has no manifest: make it anew.")
    reason = comparability.why_not(manifest.read(served), candidate)
    if reason:
        logging.warning("There is no baseline. %s is served, but %s.", served, reason)
        return
    logging.info("The baseline is %s.", served)
    model.set_string_custom_property("served_version", str(version))
    io_utils.copy_dir(served, path_utils.serving_model_dir(model.uri))
