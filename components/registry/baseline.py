"""Baseline: the bundle that is served now, for the Evaluator to compare with.

TFX has a Resolver for this, which open-source Kubeflow refuses to run; an ordinary component reads
the registry in the same way everywhere.
"""

from tfx import v1 as tfx
from tfx.utils import path_utils

from components.bundle import manifest
from components.registry import served_copy


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
        bundle: The new bundle.
        model: The bundle that is served now; an artifact without a model if there is none.
        serving_base: The folder that TensorFlow Serving watches.
    """

    def candidate() -> manifest.Manifest:
        described = manifest.read(path_utils.serving_model_dir(bundle.uri))
        if described is None:
            raise ValueError(f"The bundle in {bundle.uri} has no manifest: make it anew.")
        return described

    served_copy.copy_served(serving_base, model, candidate, "there is no baseline")
