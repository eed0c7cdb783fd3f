"""TwoTowerTrainer: TFX's Trainer with the items as a typed input of its own.

The items must be an input, and not a path in `custom_config`, so that lineage shows them, caching
notices them, and Kubeflow stages them. TFX's `Trainer.__init__` builds a spec that has no room for
them, hence this component; the executor is TFX's.
"""

import os
from typing import Any

from tfx import types
from tfx import v1 as tfx
from tfx.components.trainer import executor, fn_args_utils
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import artifact_utils, standard_artifacts, standard_component_specs
from tfx.types.component_spec import ChannelParameter
from tfx.utils import json_utils

from transform import features

ITEMS = "items"
ITEMS_TRANSFORM_GRAPH = "items_transform_graph"
ITEM_INPUTS = {
    ITEMS: ChannelParameter(type=standard_artifacts.Examples),
    ITEMS_TRANSFORM_GRAPH: ChannelParameter(type=standard_artifacts.TransformGraph),
}


class TwoTowerTrainerSpec(standard_component_specs.TrainerSpec):
    """TFX's TrainerSpec, with the transformed items and their transform graph."""

    INPUTS = {**standard_component_specs.TrainerSpec.INPUTS, **ITEM_INPUTS}


class Executor(executor.GenericExecutor):
    """TFX's executor, whose `run_fn` also gets `item_files` and `items_transform_output`."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Trains, and writes the name of the run to a property of the towers."""
        super().Do(input_dict, output_dict, exec_properties)
        towers = artifact_utils.get_single_instance(output_dict[standard_component_specs.MODEL_KEY])
        run = self._context.pipeline_run_id if self._context else None
        towers.set_string_custom_property(features.TRAINING_RUN, run or "")

    def _GetFnArgs(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> fn_args_utils.FnArgs:
        fn_args = super()._GetFnArgs(input_dict, output_dict, exec_properties)
        add_items(fn_args, input_dict)
        return fn_args


def add_items(fn_args: fn_args_utils.FnArgs, input_dict: dict[str, list[types.Artifact]]) -> None:
    """Adds the files and the transform graph of the items to the arguments of a training.

    Args:
        fn_args: Arguments of `run_fn` or `tuner_fn`; gets `item_files`, patterns of the transformed
            items, and `items_transform_output`, the path of their transform graph.
        input_dict: Inputs of the component.
    """
    catalogue = artifact_utils.get_split_uri(input_dict[ITEMS], features.CATALOGUE)
    fn_args.item_files = [os.path.join(catalogue, "*")]
    fn_args.items_transform_output = artifact_utils.get_single_uri(
        input_dict[ITEMS_TRANSFORM_GRAPH]
    )


class TwoTowerTrainer(base_component.BaseComponent):
    """Trains the two towers.

    Outputs: `model`, the towers as a SavedModel; `model_run`, TensorBoard logs.
    """

    SPEC_CLASS = TwoTowerTrainerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        run_fn: str,
        examples: types.BaseChannel,
        transform_graph: types.BaseChannel,
        items: types.BaseChannel,
        items_transform_graph: types.BaseChannel,
        custom_config: dict[str, Any],
        base_model: types.BaseChannel | None = None,
    ) -> None:
        """Creates the component.

        Args:
            run_fn: Dotted path of the function that trains.
            examples: Transformed timelines.
            transform_graph: The timelines' transform graph.
            items: Transformed items.
            items_transform_graph: The items' transform graph.
            custom_config: Hyperparameters, JSON-able.
            base_model: Bundle to start from; an artifact without a model stands for none.
        """
        super().__init__(
            spec=TwoTowerTrainerSpec(
                examples=examples,
                transform_graph=transform_graph,
                items=items,
                items_transform_graph=items_transform_graph,
                run_fn=run_fn,
                train_args=tfx.proto.TrainArgs(splits=[features.TRAIN]),
                eval_args=tfx.proto.EvalArgs(splits=[features.EVAL]),
                custom_config=json_utils.dumps(custom_config),
                **({standard_component_specs.BASE_MODEL_KEY: base_model} if base_model else {}),
                model=types.Channel(type=standard_artifacts.Model),
                model_run=types.Channel(type=standard_artifacts.ModelRun),
            )
        )
