"""The configuration of a run: a frozen tree, made in the command line and passed down."""

import os
import pathlib
import re
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, PositiveInt, model_validator
from pydantic.dataclasses import dataclass

from components.bundle.popularity import Trend
from components.ingestion import as_of, spans
from components.ingestion.splits import SplitConfig
from trainer.config import ModelConfig
from transform import datasets
from transform.definition import Definition

CHECKED = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)
PATTERN = frozenset("*?[\\\n\r")  # what makes a path a pattern of files, or breaks one
LONGEST_PATH = 3_500
"""Bytes of a folder of artifacts: Linux opens paths of 4,095, and files lie deep under it."""

Share = Annotated[float, Field(ge=0, le=1)]
ItemId = Annotated[str, Field(min_length=1)]
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
FAIL, WARN = "fail", "warn"


@dataclass(frozen=True, config=CHECKED)
class Gates:
    """What a bundle must reach on `test`. A failing one means: not blessed, nothing pushed."""

    min_lift: Annotated[float, Field(ge=-1, le=1)] = 0.0
    """hit@10 above that of the most popular items, at least."""

    max_drop: Share = 0.1
    """Share of the served bundle's hit@10 that may be lost; only where one is served already."""

    min_hit_at_10: Share = 0.0
    """hit@10, at least."""

    min_recall: Share = 0.95
    """Share of the exact index's 100 best items that the served index finds, at least."""

    on_failure: Literal["fail", "warn"] = "fail"
    """What becomes of a run whose bundle is not blessed. "fail": exit status 3, on Kubeflow a
    failed Pusher; "warn": exit status 0, on Kubeflow success. Nothing is pushed either way."""


@dataclass(frozen=True, config=CHECKED)
class Serving:
    """What is served."""

    keep_versions: PositiveInt = 5
    """Versions that a push leaves in the folder, itself included; labelled ones always stay."""

    inverted_from: PositiveInt = 300_000
    """Items from which on an IVF index answers; below, the index is exact."""

    probes: PositiveInt = 64
    """Lists of the IVF index that a query looks into: more find more, and cost more."""

    max_batch: Annotated[int, Field(ge=32)] = 1024
    """Rows of a request, at most: more are refused before they take memory. Client and warm-up send
    32."""

    signing_key_file: str = ""
    """File of the ed25519 key, PEM, that pushed versions are signed with; empty: they are not
    signed. On Kubeflow in a folder of `secret_folders`."""

    trend: Trend = Trend()
    """How recent popularity changes answers."""


@dataclass(frozen=True, config=CHECKED)
class Notify:
    """Who is told what came of a run. No secret is a setting: one says where it is."""

    webhook_env: str = ""
    """Environment variable that holds the URL of a webhook; empty: none."""

    webhook_file: str = ""
    """File that holds the URL of a webhook, instead; empty: none. Not on Kubeflow."""

    metrics_file: str = ""
    """File for Prometheus' node exporter, ending in .prom; empty: beside the folder of the
    versions, named as it."""

    @model_validator(mode="after")
    def _check_names(self) -> "Notify":
        """Checks that names are given and not the secret, which no message repeats.

        Raises:
            ValueError: A name is no name, or both name the URL.
        """
        if self.webhook_env and not VARIABLE.fullmatch(self.webhook_env):
            raise ValueError("webhook_env must be the name of an environment variable, not a URL.")
        if "://" in self.webhook_file:
            raise ValueError("webhook_file must be the path of a file that holds the URL.")
        if self.webhook_env and self.webhook_file:
            raise ValueError("webhook_env and webhook_file must not both be given.")
        if self.metrics_file and not self.metrics_file.endswith(".prom"):
            raise ValueError(
                "metrics_file must end in .prom, or node exporter would not read it, got "
                f"{self.metrics_file!r}."
            )
        return self


@dataclass(frozen=True, config=CHECKED)
class Settings:
    """What presets, files of settings and `--set` may change."""

    split: SplitConfig = SplitConfig()
    """What is held out."""

    model: ModelConfig = ModelConfig()
    """Hyperparameters."""

    gates: Gates = Gates()
    """When a bundle may be pushed."""

    serving: Serving = Serving()
    """What is served."""

    notify: Notify = Notify()
    """Who is told what came of a run."""

    @model_validator(mode="after")
    def _check_request_time(self) -> "Settings":
        """Checks that requests come after the history.

        Raises:
            ValueError: They need not.
        """
        if self.model.request_time and self.split.method == "random":
            raise ValueError(
                "model.request_time must be false where split.method is 'random': what is held "
                "out may be older than the history, so no request could have come at its time."
            )
        return self


@dataclass(frozen=True, config=CHECKED)
class Tuning:
    """What `movielens tune` does."""

    folder: str
    """Folder that trials are kept in."""

    trials: PositiveInt = 10
    """Models to train, those of earlier calls included."""

    fixed: tuple[str, ...] = ()
    """Fields of the model that are not tuned."""


@dataclass(frozen=True, config=CHECKED)
class PipelineConfig:
    """Everything that decides what a run does."""

    name: Annotated[str, Field(min_length=1)]
    """Name of the pipeline in ML Metadata."""

    data: str
    """Folder of the files, or a pattern of folders such as "/data/{SPAN}"."""

    pipeline_root: str
    """Folder of the artifacts."""

    serving_base: str
    """Folder that TensorFlow Serving watches; versions are pushed into it."""

    definition: Definition = datasets.load(datasets.MOVIELENS)
    """The data set: its tables, columns and features."""

    span: str = spans.NEWEST
    """Which folder, where `data` is a pattern: "newest", a number, or a date."""

    settings: Settings = Settings()
    """What is held out, the model, when it may be pushed, and what is served."""

    withdrawn: tuple[ItemId, ...] = ()
    """Ids of items that must not be recommended."""

    as_of: str = ""
    """Moment that the data is looked at from, such as "2026-01-31": later events are set aside.
    Empty: the run's own time, and events that are more than a day later are refused."""

    k: Annotated[int, Field(ge=100)] = 100
    """Items in an answer; hit@100 is measured."""

    fail_if_not_blessed: bool = False
    """Whether the Pusher fails then: on Kubeflow, where no exit status tells."""

    beam_args: tuple[str, ...] = ()
    """Beam's pipeline options; empty: in this process (the pinned Beam's FnApiRunner)."""

    @model_validator(mode="after")
    def _check_folders(self) -> "PipelineConfig":
        """Checks pattern, span, moment and the folder of the artifacts.

        Raises:
            ValueError: One of them has no meaning; the message names it and its value.
        """
        check_root(self.pipeline_root)
        spans.check_pattern(self.data)
        spans.number(self.span)
        as_of.seconds(self.as_of)
        return self


def check_root(folder: str) -> None:
    """Checks that TFX, which lists files by patterns, finds its own in a folder of artifacts.

    Raises:
        ValueError: It would not; the message says why.
    """
    elsewhere = "Choose another folder with --output."
    if len(os.fsencode(folder)) > LONGEST_PATH:
        raise ValueError(
            f"{folder[:80]}… has {len(os.fsencode(folder)):,} bytes, and the paths of files under "
            f"it would be longer than a system can open; {LONGEST_PATH:,} are fine. {elsewhere}"
        )
    if os.fsencode(folder) != folder.encode("utf-8", errors="replace"):
        raise ValueError(
            f"{folder!r} is not written in UTF-8, so no file could name it. {elsewhere}"
        )
    found = sorted(PATTERN & set(folder))
    if found:
        raise ValueError(
            f"{folder!r} has {' and '.join(map(repr, found))} in it, which TFX takes for a pattern "
            f"of files: it would find none of its own. {elsewhere}"
        )


def output_paths(output: pathlib.Path, model: str = datasets.MOVIELENS) -> dict[str, pathlib.Path]:
    """Returns where things lie under a run's output folder, by name.

    Args:
        output: The folder.
        model: Name of the model that is served from it.
    """
    return {
        "pipeline_root": output / "artifacts",
        "metadata": output / "metadata.sqlite",
        "serving_base": output / "serving" / model,
        "logs": output / "logs",
        "records": output / "records",
        "tuning": output / "tuning",
    }
