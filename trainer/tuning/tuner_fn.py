"""Entry point of TFX's Tuner: reads the data and creates the trials.

Functions only: TFX reloads this module.
"""

import dataclasses
import hashlib
import json
import os
from typing import Any

from tfx.components.tuner.component import TunerFnResult

from trainer.config import ModelConfig
from trainer.data.training_data import read_training_data
from trainer.tuning.search_space import space
from trainer.tuning.trials import Trials

OF_THE_DATA = ("train_files", "eval_files", "movie_files")
UNIMPORTANT = ("trials", "folder")


def tuner_fn(fn_args: Any) -> TunerFnResult:
    """Returns the trials to run. TFX's Tuner calls this.

    Args:
        fn_args: TFX's `FnArgs`, plus `movie_files` and `movies_transform_output` (see
            `components.training.tuner`). `custom_config` holds `model`, a `ModelConfig` to start
            from; `fixed`, names of its fields that stay; `trials`, their number; `folder`, where
            they are kept; and `code_version`.
    """
    settings = fn_args.custom_config
    base = ModelConfig(**settings["model"])
    data = read_training_data(
        train_files=fn_args.train_files,
        eval_files=fn_args.eval_files,
        movie_files=fn_args.movie_files,
        timelines_graph=fn_args.transform_output,
        movies_graph=fn_args.movies_transform_output,
    )
    trials = Trials(
        data,
        base,
        space(base, settings["fixed"]),
        max_trials=settings["trials"],
        folder=os.path.join(settings["folder"], fingerprint(fn_args)),
    )
    return TunerFnResult(tuner=trials, fit_kwargs={})


def fingerprint(fn_args: Any) -> str:
    """Returns a name for trials that may be compared: same data, space, start and code.

    Args:
        fn_args: As of `tuner_fn`.
    """
    settings = {
        name: value for name, value in fn_args.custom_config.items() if name not in UNIMPORTANT
    }
    base = ModelConfig(**settings["model"])
    facts = {
        **{name: getattr(fn_args, name) for name in OF_THE_DATA},
        **settings,
        "space": space(base, settings["fixed"]),
        "model": dataclasses.asdict(base),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]
