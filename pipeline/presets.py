"""Named starting points: a data set, what is held out of it, and a model."""

import dataclasses
import typing
from typing import Any

from components.ingestion.splits import SplitConfig
from pipeline.config import Gates, Serving
from trainer.config import ModelConfig


@dataclasses.dataclass(frozen=True)
class Preset:
    """A configuration with a name."""

    summary: str
    """What it is, in a line."""

    dataset: str
    """Release to fetch when no folder is given."""

    split: SplitConfig = SplitConfig()
    """What is held out."""

    model: ModelConfig = ModelConfig()
    """Hyperparameters."""

    gates: Gates = Gates()
    """When a bundle may be pushed."""

    serving: Serving = Serving()
    """What is served."""


PRESETS = {
    "ml-100k": Preset(
        "MovieLens 100K, the last movie of every user held out; the default.", "ml-100k"
    ),
    "ml-1m": Preset(
        "MovieLens 1M, likewise.",
        "ml-1m",
        model=ModelConfig(
            blocks=2,
            window=200,
            ratings=True,
            gaps=True,
            id_dropout=0.01,
            dropout=0.2,
            batch_size=32,
            epochs=32,
            patience=0,
        ),
    ),
    "ml-latest-small": Preset("The small latest release, likewise.", "ml-latest-small"),
    "blog": Preset(
        "The post that introduced TensorFlow Recommenders (2020): ids only, 32 numbers a vector, "
        "in-batch softmax, 80/20 at random, seen movies not left out. It loses to popularity; the "
        "gate is lowered for it.",
        "ml-100k",
        split=SplitConfig(method="random", eval_fraction=0.04, test_fraction=0.2, seed=42),
        model=ModelConfig(
            embedding_dim=32,
            history="none",
            window=1,
            profile=False,
            content=False,
            item_bias=False,
            loss="retrieval",
            uniform_negatives=0,
            log_q=False,
            remove_accidental_hits=False,
            id_dropout=0.0,
            dropout=0.0,
            optimizer="adagrad",
            learning_rate=0.1,
            schedule="constant",
            batch_size=4096,
            epochs=3,
            patience=0,
            exclude_seen=False,
        ),
        gates=Gates(min_lift=-1.0),
    ),
}
DEFAULT = "ml-100k"
SECTIONS = ("split", "model", "gates", "serving")


def find(name: str) -> Preset:
    """Returns a preset.

    Raises:
        ValueError: There is none of that name; the message lists those there are.
    """
    if name not in PRESETS:
        raise ValueError(f"Unknown preset {name!r}; there are: {', '.join(PRESETS)}.")
    return PRESETS[name]


def with_settings(preset: Preset, settings: list[str]) -> Preset:
    """Returns a preset with some fields replaced.

    Args:
        preset: The starting point.
        settings: Such as "model.epochs=5" or "gates.min_lift=0.01".

    Raises:
        ValueError: A setting is malformed, names no field, or has a value of another type.
    """
    changes: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for setting in settings:
        name, equals, text = setting.partition("=")
        section, dot, field = name.partition(".")
        if not equals or not dot or section not in SECTIONS:
            raise ValueError(
                f"Setting {setting!r} must look like SECTION.NAME=VALUE, with a section of "
                f"{', '.join(SECTIONS)}."
            )
        types = typing.get_type_hints(type(getattr(preset, section)))
        if field not in types:
            raise ValueError(f"Unknown option {name!r}; {section} has: {', '.join(sorted(types))}.")
        changes[section][field] = _as(types[field], text, name)
    return dataclasses.replace(
        preset,
        **{
            section: dataclasses.replace(getattr(preset, section), **fields)
            for section, fields in changes.items()
            if fields
        },
    )


def _as(kind: Any, text: str, name: str) -> Any:
    """Returns a text as the type of a field; of an optional one, as the type that is not None."""
    kind = next((k for k in typing.get_args(kind) if k is not type(None)), kind)
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError(f"{name} must be true or false, got {text!r}.")
        return text.lower() == "true"
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"{name} must be of type {kind.__name__}, got {text!r}.") from None
