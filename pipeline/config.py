"""The configuration of a run: a frozen tree, made in the command line and passed down."""

import dataclasses
import pathlib

from components.bundle.popularity import Trend
from components.ingestion import spans
from components.ingestion.splits import SplitConfig
from trainer.config import ModelConfig

MODEL_NAME = "movielens"


@dataclasses.dataclass(frozen=True)
class Gates:
    """What a bundle must reach on `test`. A failing one means: not blessed, nothing pushed."""

    min_lift: float = 0.0
    """hit@10 above that of the most popular movies, at least."""

    max_drop: float = 0.1
    """Share of the served bundle's hit@10 that may be lost; only where one is served already."""

    min_hit_at_10: float = 0.0
    """hit@10, at least."""

    min_recall: float = 0.95
    """Share of the exact index's 100 best movies that the served index finds, at least."""

    def __post_init__(self) -> None:
        """Checks every field.

        Raises:
            ValueError: A threshold can't be met or can't fail.
        """
        if not -1 <= self.min_lift <= 1:
            raise ValueError(f"min_lift must be in [-1, 1], got {self.min_lift}.")
        for name in ("max_drop", "min_hit_at_10", "min_recall"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)}.")


@dataclasses.dataclass(frozen=True)
class Serving:
    """What is served."""

    keep_versions: int = 5
    """Versions that a push leaves in the folder, itself included; labelled ones always stay."""

    inverted_from: int = 300_000
    """Movies from which on an inverted file answers; below, the index is exact."""

    probes: int = 64
    """Lists of the inverted file that a query looks into: more find more, and cost more."""

    trend_days: int = 30
    """How long ago "popular lately" reaches."""

    trend_weight: float = 0.0
    """What the logarithm of a movie's recent ratings counts beside its score; see `Trend`. Worth a
    try where `split.method` is temporal: other splits cannot tell what it does."""

    def __post_init__(self) -> None:
        """Checks every field.

        Raises:
            ValueError: A field has no possible meaning.
        """
        for name in ("keep_versions", "inverted_from", "probes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}.")
        self.trend()

    def trend(self) -> Trend:
        """Returns what popularity of late does to answers."""
        return Trend(self.trend_days, self.trend_weight)


@dataclasses.dataclass(frozen=True)
class Tuning:
    """What `movielens tune` does."""

    folder: str
    """Folder that trials are kept in."""

    trials: int = 10
    """Models to train, those of earlier calls included."""

    fixed: tuple[str, ...] = ()
    """Fields of the model that are not tuned."""

    def __post_init__(self) -> None:
        """Checks every field.

        Raises:
            ValueError: A field has no possible meaning.
        """
        if self.trials < 1:
            raise ValueError(f"trials must be at least 1, got {self.trials}.")


@dataclasses.dataclass(frozen=True)
class PipelineConfig:
    """Everything that decides what a run does."""

    name: str
    """Name of the pipeline in ML Metadata."""

    data: str
    """Folder of the MovieLens files, or a pattern of folders such as "/data/{SPAN}"."""

    pipeline_root: str
    """Folder of the artifacts."""

    serving_base: str
    """Folder that TensorFlow Serving watches; versions are pushed into it."""

    span: str = spans.NEWEST
    """Which folder, where `data` is a pattern: "newest", a number, or a date."""

    split: SplitConfig = SplitConfig()
    """What is held out."""

    model: ModelConfig = ModelConfig()
    """Hyperparameters."""

    gates: Gates = Gates()
    """When a bundle may be pushed."""

    serving: Serving = Serving()
    """What is served."""

    withdrawn: tuple[str, ...] = ()
    """Ids of movies that must not be recommended."""

    k: int = 100
    """Movies in an answer."""

    beam_args: tuple[str, ...] = ()
    """Beam's pipeline options; empty: in this process (the pinned Beam's FnApiRunner)."""

    def __post_init__(self) -> None:
        """Checks every field.

        Raises:
            ValueError: A field has no possible meaning; the message names it and its value.
        """
        if not self.name:
            raise ValueError("name must not be empty.")
        spans.check_pattern(self.data)
        spans.number(self.span)
        if any(not movie_id or "," in movie_id for movie_id in self.withdrawn):
            raise ValueError(f"withdrawn must be ids of movies, got {self.withdrawn}.")
        if self.k < 100:
            raise ValueError(f"k must be at least 100, for hit@100 to be measured; got {self.k}.")


def output_paths(output: pathlib.Path) -> dict[str, pathlib.Path]:
    """Returns where things lie under a run's output folder, by name."""
    return {
        "pipeline_root": output / "artifacts",
        "metadata": output / "metadata.sqlite",
        "serving_base": output / "serving" / MODEL_NAME,
        "logs": output / "logs",
        "records": output / "records",
        "tuning": output / "tuning",
    }
