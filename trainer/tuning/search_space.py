"""Search space of tuning: for each hyperparameter the values that are worth a trial."""

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from trainer.config import ModelConfig

Space = dict[str, tuple[Any, ...]]
"""By field of `ModelConfig`: its values, ascending."""

VALUES: Space = {
    "embedding_dim": (32, 64, 128),
    "blocks": (1, 2),
    "heads": (1, 2, 4),
    "window": (20, 50, 100),
    "log_q": (False, True),
    "id_dropout": (0.05, 0.1, 0.2),  # never 0: `eval` holds no new item, so it would not object
    "dropout": (0.1, 0.2, 0.3, 0.4, 0.5),
    "learning_rate": (0.0003, 0.001, 0.003, 0.01),
    "batch_size": (32, 64, 128, 256),
}


def space(base: ModelConfig, fixed: Collection[str] = ()) -> Space:
    """Returns the space around a configuration; every combination of its values is valid.

    Args:
        base: Hyperparameters of the first trial; their values belong to the space.
        fixed: Names of fields that stay as they are in `base`.

    Raises:
        ValueError: Nothing is left to tune, or trials would not start with random weights.
    """
    if base.warm_start:
        raise ValueError(
            "warm_start must be false where hyperparameters are tuned: what an earlier model "
            "learned fits models of its own shape only, and would favour them."
        )
    values_of = {
        name: tuple(sorted({*values, getattr(base, name)}))
        for name, values in VALUES.items()
        if name not in fixed and _matters(name, base)
    }
    # `heads` must divide `embedding_dim`, whichever two values meet.
    sizes = values_of.get("embedding_dim", (base.embedding_dim,))
    sizes = tuple(size for size in sizes if size % base.heads == 0)
    heads = values_of.get("heads", (base.heads,))
    heads = tuple(count for count in heads if not any(size % count for size in sizes))
    values_of = {
        name: {"embedding_dim": sizes, "heads": heads}.get(name, values)
        for name, values in values_of.items()
    }
    values_of = {name: values for name, values in values_of.items() if len(values) > 1}
    if not values_of:
        raise ValueError(
            "Nothing is left to tune: every field of the search space is fixed. "
            f"Fix fewer of {', '.join(VALUES)}."
        )
    return values_of


def with_values(base: ModelConfig, values: Mapping[str, Any]) -> ModelConfig:
    """Returns a configuration with the values of a trial, each of the type of its field.

    Keras Tuner gives booleans back as 0 and 1.

    Args:
        base: Hyperparameters of the first trial.
        values: Values by field name.
    """
    typed = {name: type(getattr(base, name))(value) for name, value in values.items()}
    return dataclasses.replace(base, **typed)


def _matters(name: str, base: ModelConfig) -> bool:
    """Whether a field changes models like `base` at all."""
    if name in ("blocks", "heads"):
        return base.history in ("attention", "hstu")
    if name == "window":
        return base.history != "none"
    if name == "log_q":
        return base.loss in ("sampled_softmax", "retrieval")
    return True
