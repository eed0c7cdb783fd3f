"""BundleEvaluator: TFX's Evaluator, for which a baseline without a model means "no baseline"."""

import json
from typing import Any

from absl import logging
from tensorflow_model_analysis.proto import config_pb2
from tfx import types
from tfx.components.evaluator import executor
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.dsl.io import fileio
from tfx.types import artifact_utils, standard_artifacts, standard_component_specs
from tfx.types.component_spec import ExecutionParameter
from tfx.utils import json_utils, path_utils

from components.evaluation import reasons

CODE_VERSION = "code_version"


class BundleEvaluatorSpec(standard_component_specs.EvaluatorSpec):
    """TFX's EvaluatorSpec, with the version of the metrics' code, which is then part of the key."""

    PARAMETERS = {
        **standard_component_specs.EvaluatorSpec.PARAMETERS,
        CODE_VERSION: ExecutionParameter(type=str),
    }


class Executor(executor.Executor):
    """TFX's executor, which then ignores change thresholds, as it does without the input.

    It also says why a bundle is not blessed: in the last line of its log, and on the blessing.
    """

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
        evaluation, blessing = (
            artifact_utils.get_single_instance(output_dict[key])
            for key in (
                standard_component_specs.EVALUATION_KEY,
                standard_component_specs.BLESSING_KEY,
            )
        )
        found = reasons.read(evaluation.uri)
        if found:
            blessing.set_string_custom_property(reasons.PROPERTY, json.dumps(found))
            logging.error("NOT BLESSED: %s", "; ".join(found))


def has_model(artifact: types.Artifact) -> bool:
    """Returns whether a Model artifact holds a model to serve."""
    return fileio.isdir(path_utils.serving_model_dir(artifact.uri))


class BundleEvaluator(base_beam_component.BaseBeamComponent):
    """Stock TFMA on the bundle, with or without a baseline.

    Outputs: `evaluation`, metrics by slice; `blessing`, whether every threshold held, and which
    did not.
    """

    SPEC_CLASS = BundleEvaluatorSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self,
        examples: types.BaseChannel,
        example_splits: list[str],
        model: types.BaseChannel,
        baseline_model: types.BaseChannel,
        eval_config: config_pb2.EvalConfig,
        code_version: str = "",
    ) -> None:
        """Creates the component.

        Args:
            examples: Raw timelines.
            example_splits: Names of the splits to evaluate on.
            model: The bundle.
            baseline_model: The bundle to compare with; an artifact without a model stands for none.
            eval_config: Metrics, slices and thresholds.
            code_version: Hash of the code that the metrics run.
        """
        super().__init__(
            spec=BundleEvaluatorSpec(
                examples=examples,
                example_splits=json_utils.dumps(example_splits),
                model=model,
                baseline_model=baseline_model,
                eval_config=eval_config,
                code_version=code_version,
                evaluation=types.Channel(type=standard_artifacts.ModelEvaluation),
                blessing=types.Channel(type=standard_artifacts.ModelBlessing),
            )
        )
