"""BundleEvaluator: TFX's Evaluator, for which a baseline without a model means "no baseline"."""

from typing import Any

from tfx import types
from tfx.components.evaluator import component, executor
from tfx.dsl.components.base import executor_spec
from tfx.dsl.io import fileio
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import path_utils


class Executor(executor.Executor):
    """TFX's executor, which then ignores change thresholds, as it does without the input."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Evaluates the bundle on the examples; see TFX's Evaluator."""
        baseline = input_dict.get(standard_component_specs.BASELINE_MODEL_KEY)
        if baseline and not has_model(artifact_utils.get_single_instance(baseline)):
            input_dict = {
                key: artifacts
                for key, artifacts in input_dict.items()
                if key != standard_component_specs.BASELINE_MODEL_KEY
            }
        super().Do(input_dict, output_dict, exec_properties)


def has_model(artifact: types.Artifact) -> bool:
    """Returns whether a Model artifact holds a model to serve."""
    return fileio.isdir(path_utils.serving_model_dir(artifact.uri))


class BundleEvaluator(component.Evaluator):
    """Stock TFMA on the bundle, with or without a baseline."""

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
