"""ServedTowers: the towers of what is served, to index today's catalogue with."""

from absl import logging
from tfx import v1 as tfx
from tfx.utils import path_utils

from components.bundle import towers
from components.registry import served_bundle
from transform import features


@tfx.dsl.components.component
def ServedTowers(
    model: tfx.dsl.components.OutputArtifact[tfx.types.standard_artifacts.Model],
    serving_base: tfx.dsl.components.Parameter[str],
    sha256: tfx.dsl.components.Parameter[str],
) -> None:
    """Takes the towers out of the version that is served, as the Trainer wrote them.

    A refreshed bundle holds the towers of the one before it, so their fingerprint, unlike the
    version, stays the same from refresh to refresh: the cache finds them by it.

    Args:
        model: The trained towers.
        serving_base: The folder that TensorFlow Serving watches.
        sha256: Fingerprint of the towers that are wanted, as the served manifest tells it.

    Raises:
        LookupError: Nothing is served.
        ValueError: What is served is damaged, holds no towers, or others.
    """
    bundle, described = served_bundle.find_with_towers(serving_base)
    if described.towers["sha256"] != sha256:
        raise ValueError(
            f"The towers in {bundle} have the fingerprint {described.towers['sha256']}, not "
            f"{sha256}: others were pushed or promoted since the refresh began. Refresh again."
        )
    towers.unpack(bundle, path_utils.serving_model_dir(model.uri))
    model.set_string_custom_property(features.TRAINING_RUN, described.towers["run"])
    logging.info("Took the towers out of %s.", bundle)
