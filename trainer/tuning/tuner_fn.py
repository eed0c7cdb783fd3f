"""What TFX's Tuner calls: the trials to be made. Functions only: TFX reloads this module."""

import dataclasses
import hashlib
import json
import os
from typing import Any

from tfx.components.tuner.component import TunerFnResult

from trainer.config import ModelConfig
from trainer.tuning.search_space import space
from trainer.tuning.trials import Trials

OF_THE_DATA = ("train_files", "eval_files", "movie_files")
UNIMPORTANT = ("trials", "folder")


def tuner_fn(fn_args: Any) -> TunerFnResult:
    """Returns the trials. TFX's Tuner calls this.

    Args:
        fn_args: TFX's `FnArgs`, plus `movie_files` and `movies_transform_output` (see
            `components.training.tuner`). `custom_config` holds `model`, a `ModelConfig` to start
            from; `fixed`, names of its fields that stay; `trials`, how many there shall be;
            `folder`, where they are kept; and `code_version`.
    """
    told = fn_args.custom_config
    base = ModelConfig(**told["model"])
    trials = Trials(
        fn_args,
        base,
        space(base, told["fixed"]),
        max_trials=told["trials"],
        folder=os.path.join(told["folder"], fingerprint(fn_args)),
    )
    return TunerFnResult(tuner=trials, fit_kwargs={})


def fingerprint(fn_args: Any) -> str:
    """Returns a name for trials that may be compared: same data, space, start and code."""
    told = {name: value for name, value in fn_args.custom_config.items() if name not in UNIMPORTANT}
    base = ModelConfig(**told["model"])
    facts = {
        **{name: getattr(fn_args, name) for name in OF_THE_DATA},
        **told,
        "space": space(base, told["fixed"]),
        "model": dataclasses.asdict(base),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]
