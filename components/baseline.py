"""Baseline: the model that is served now, for the Evaluator to compare with.

TFX has a Resolver for this, which open-source Kubeflow refuses to run; an ordinary component reads
the registry in the same way everywhere.
"""

from absl import logging
from tfx import v1 as tfx
from tfx.utils import io_utils, path_utils

from components import registry


@tfx.dsl.components.component
def Baseline(
    serving_base: tfx.dsl.components.Parameter[str],
    model: tfx.dsl.components.OutputArtifact[tfx.types.standard_artifacts.Model],
) -> None:
    """Copies the newest pushed version into its output, or leaves it empty before the first push.

    Args:
        serving_base: The folder that TensorFlow Serving watches.
        model: The bundle that is served now; an artifact without a model if there is none.
    """
    served = registry.latest(serving_base)
    if served is None:
        logging.info("Nothing was pushed to %s yet: there is no baseline.", serving_base)
        tfx.dsl.io.fileio.makedirs(model.uri)
        return
    logging.info("The baseline is %s.", served)
    model.set_string_custom_property("served_version", served.rsplit("/", 1)[-1])
    io_utils.copy_dir(served, path_utils.serving_model_dir(model.uri))
