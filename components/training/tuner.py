"""TwoTowerTuner: TFX's Tuner with the items as a typed input of its own.

As with `TwoTowerTrainer`: TFX's `Tuner.__init__` builds a spec that has no room for them.
"""

import json
import os
from typing import Any

from tfx import types
from tfx import v1 as tfx
from tfx.components.trainer import fn_args_utils
from tfx.components.tuner import executor
from tfx.components.util import udf_utils
from tfx.dsl.components.base import base_component, executor_spec
from tfx.dsl.io import fileio
from tfx.types import artifact_utils, standard_artifacts, standard_component_specs
from tfx.utils import json_utils

from components.training.trainer import ITEM_INPUTS, add_items
from transform import features

TRIALS_FILE = "trials.json"
COMPLETED = "COMPLETED"


class TwoTowerTunerSpec(standard_component_specs.TunerSpec):
    """TFX's TunerSpec, with the transformed items and their transform graph."""

    INPUTS = {**standard_component_specs.TunerSpec.INPUTS, **ITEM_INPUTS}


class Executor(executor.Executor):
    """TFX's executor, whose `tuner_fn` also gets `item_files` and `items_transform_output`.

    TFX's `search` builds the arguments itself and takes no more: its few lines are repeated here.
    """

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the trials, and writes the best hyperparameters and all results.

        Raises:
            ValueError: No trial came to an end, so there is no best one.
        """
        fn_args = fn_args_utils.get_common_fn_args(input_dict, exec_properties, self._get_tmp_dir())
        fn_args.transform_output = fn_args.transform_graph_path  # as TFX's Trainer has it
        add_items(fn_args, input_dict)
        fit = udf_utils.get_fn(exec_properties, standard_component_specs.TUNER_FN_KEY)(fn_args)
        fit.tuner.search(**fit.fit_kwargs)
        trials = list(fit.tuner.oracle.trials.values())
        if not any(trial.status == COMPLETED for trial in trials):
            reason = trials[-1].message.strip().splitlines()[-1] if trials else "there is none"
            raise ValueError(f"No trial came to an end; of the last: {reason}")
        executor.write_best_hyperparameters(fit.tuner, output_dict)
        results = artifact_utils.get_single_uri(
            output_dict[standard_component_specs.TUNER_RESULTS_KEY]
        )
        with fileio.open(os.path.join(results, TRIALS_FILE), "w") as file:
            file.write(json.dumps([_facts(trial) for trial in trials]))


def _facts(trial: Any) -> dict[str, Any]:
    """Returns the facts of a Keras Tuner trial; TFX writes the objective only."""
    return {
        "trial": trial.trial_id,
        "status": trial.status,
        "values": trial.hyperparameters.values,
        "metrics": {name: trial.metrics.get_best_value(name) for name in trial.metrics.metrics},
    }


class TwoTowerTuner(base_component.BaseComponent):
    """Searches hyperparameters by training on `train` and ranking `eval`.

    Outputs: `best_hyperparameters`, as Keras Tuner writes them; `tuner_results`, all trials.
    """

    SPEC_CLASS = TwoTowerTunerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        tuner_fn: str,
        examples: types.BaseChannel,
        transform_graph: types.BaseChannel,
        items: types.BaseChannel,
        items_transform_graph: types.BaseChannel,
        custom_config: dict[str, Any],
    ) -> None:
        """Creates the component.

        Args:
            tuner_fn: Dotted path of the function that returns the tuner.
            examples: Transformed timelines.
            transform_graph: The timelines' transform graph.
            items: Transformed items.
            items_transform_graph: The items' transform graph.
            custom_config: Settings of the search for `tuner_fn`, JSON-able.
        """
        super().__init__(
            spec=TwoTowerTunerSpec(
                examples=examples,
                transform_graph=transform_graph,
                items=items,
                items_transform_graph=items_transform_graph,
                tuner_fn=tuner_fn,
                train_args=tfx.proto.TrainArgs(splits=[features.TRAIN]),
                eval_args=tfx.proto.EvalArgs(splits=[features.EVAL]),
                custom_config=json_utils.dumps(custom_config),
                best_hyperparameters=types.Channel(type=standard_artifacts.HyperParameters),
                tuner_results=types.Channel(type=standard_artifacts.TunerResults),
            )
        )
