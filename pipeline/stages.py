"""The stages of the graphs: components that belong together, wired once for all graphs."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from typing import Any

from tfx import types
from tfx import v1 as tfx
from tfx.dsl.components.base import base_node

from components.bundle.component import CandidateIndex
from components.bundle.popularity import Trend
from components.canary.component import Canary
from components.evaluation.evaluator import BundleEvaluator
from components.ingestion.movies_example_gen import MoviesExampleGen
from components.ingestion.ratings_example_gen import RatingsExampleGen
from components.ingestion.splits import SplitConfig
from components.registry.baseline import Baseline
from components.registry.pusher import AtomicPusher
from components.registry.warm_start import WarmStart
from components.validation.gate import AnomalyGate
from components.validation.schema import CuratedSchema
from pipeline.code_version import code_version, git_revision
from pipeline.config import PipelineConfig
from pipeline.gates import eval_config
from transform import features, preprocessing, schemas

OUTSIDE_WORLD = ("WarmStart", "Baseline", "Pusher")  # what they look at may have changed since
DATA = ("MoviesExampleGen", "RatingsExampleGen")  # likewise, unless somebody calls their driver
ANALYZED = {schemas.TIMELINES: [features.TRAIN], schemas.MOVIES: [features.CATALOGUE]}
TRANSFORMED = {
    schemas.TIMELINES: [features.TRAIN, features.EVAL],
    schemas.MOVIES: [features.CATALOGUE],
}


def ingest(config: PipelineConfig, version: str) -> tuple[MoviesExampleGen, RatingsExampleGen]:
    """Returns what reads the files: the ExampleGen of the catalogue, and that of the timelines.

    The ratings follow the catalogue, so that both are of one span, however late a new one arrives.

    Args:
        config: What the run does.
        version: Of the code.
    """
    movies = MoviesExampleGen(config.data, version, config.span).with_id("MoviesExampleGen")
    ratings = RatingsExampleGen(
        config.data, config.split, version, config.span, movies.outputs["examples"]
    )
    return movies, ratings.with_id("RatingsExampleGen")


def check(record: str, examples: base_node.BaseNode) -> dict[str, base_node.BaseNode]:
    """Returns statistics, schema, validator and gate for one record type, by role.

    Args:
        record: `schemas.TIMELINES` or `schemas.MOVIES`; its name begins the node ids.
        examples: The ExampleGen of that record type.
    """
    name = record.capitalize()
    schema = CuratedSchema(record=record, fingerprint=fingerprint(record)).with_id(f"{name}Schema")
    statistics = tfx.components.StatisticsGen(examples=examples.outputs["examples"]).with_id(
        f"{name}Statistics"
    )
    validator = tfx.components.ExampleValidator(
        statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"]
    ).with_id(f"{name}Validator")
    gate = AnomalyGate(anomalies=validator.outputs["anomalies"]).with_id(f"{name}Gate")
    return {"schema": schema, "statistics": statistics, "validator": validator, "gate": gate}


def transform(
    record: str,
    preprocessing_fn: Callable[..., Any],
    examples: base_node.BaseNode,
    checked: dict[str, base_node.BaseNode],
    version: str,
) -> tfx.components.Transform:
    """Returns the Transform of one record type, which waits for its gate.

    Args:
        record: `schemas.TIMELINES` or `schemas.MOVIES`.
        preprocessing_fn: What it does.
        examples: The ExampleGen.
        checked: What `check` returned.
        version: Of the code that it runs.
    """
    component = tfx.components.Transform(
        examples=examples.outputs["examples"],
        schema=checked["schema"].outputs["schema"],
        preprocessing_fn=dotted(preprocessing_fn),
        splits_config=tfx.proto.SplitsConfig(
            analyze=ANALYZED[record], transform=TRANSFORMED[record]
        ),
        disable_statistics=True,
        custom_config={"code_version": version},
    ).with_id(f"{record.capitalize()}Transform")
    component.add_upstream_node(checked["gate"])
    return component


@dataclasses.dataclass(frozen=True)
class Prepared:
    """What there is to train on, and the components that make it."""

    movies: MoviesExampleGen
    """The ExampleGen of the catalogue."""

    ratings: RatingsExampleGen
    """The ExampleGen of the timelines."""

    data: dict[str, types.BaseChannel]
    """By argument of the Trainer: transformed timelines and movies, and their transform graphs."""

    nodes: list[base_node.BaseNode]
    """All components up to Transform."""


def prepare(config: PipelineConfig, version: str) -> Prepared:
    """Returns what reads, checks and transforms the data.

    Args:
        config: What the run does.
        version: Of the code.
    """
    features_version = code_version("transform")
    movies, ratings = ingest(config, version)
    timelines_checked = check(schemas.TIMELINES, ratings)
    movies_checked = check(schemas.MOVIES, movies)
    timelines_transform = transform(
        schemas.TIMELINES, preprocessing.timelines, ratings, timelines_checked, features_version
    )
    movies_transform = transform(
        schemas.MOVIES, preprocessing.movies, movies, movies_checked, features_version
    )
    return Prepared(
        movies,
        ratings,
        data={
            "examples": timelines_transform.outputs["transformed_examples"],
            "transform_graph": timelines_transform.outputs["transform_graph"],
            "movies": movies_transform.outputs["transformed_examples"],
            "movies_transform_graph": movies_transform.outputs["transform_graph"],
        },
        nodes=[
            movies,
            ratings,
            *timelines_checked.values(),
            *movies_checked.values(),
            timelines_transform,
            movies_transform,
        ],
    )


def warm_start(config: PipelineConfig, ratings: base_node.BaseNode) -> list[base_node.BaseNode]:
    """Returns what the Trainer begins with, if the configuration wants that: what is served.

    Args:
        config: What the run does.
        ratings: The ExampleGen of the timelines.
    """
    if not config.model.warm_start:
        return []
    return [
        WarmStart(
            timelines=ratings.outputs["examples"],
            serving_base=config.serving_base,
            split=as_json(config.split),
            exclude_seen=config.model.exclude_seen,
        )
    ]


def deliver(
    config: PipelineConfig,
    towers: types.BaseChannel,
    ratings: base_node.BaseNode,
    movies: base_node.BaseNode,
    version: str,
) -> list[base_node.BaseNode]:
    """Returns what takes trained towers to serving: index, evaluation, canary and push.

    Args:
        config: What the run does.
        towers: The trained towers.
        ratings: The ExampleGen of the timelines.
        movies: The ExampleGen of the catalogue.
        version: Of the code.
    """
    withdrawn = ",".join(config.withdrawn)
    index = CandidateIndex(
        model=towers,
        movies=movies.outputs["examples"],
        timelines=ratings.outputs["examples"],
        inverted_from=config.serving.inverted_from,
        probes=config.serving.probes,
        k=config.k,
        exclude_seen=config.model.exclude_seen,
        split=as_json(config.split),
        trend=as_json(config.serving.trend()),
        withdrawn=withdrawn,
        code_version=version,
    )
    baseline = Baseline(bundle=index.outputs["bundle"], serving_base=config.serving_base)
    evaluator = BundleEvaluator(
        examples=ratings.outputs["examples"],
        example_splits=[features.TEST],
        model=index.outputs["bundle"],
        baseline_model=baseline.outputs["model"],
        eval_config=eval_config(config.gates),
    ).with_id("Evaluator")
    canary = Canary(
        bundle=index.outputs["bundle"],
        model=towers,
        movies=movies.outputs["examples"],
        timelines=ratings.outputs["examples"],
        withdrawn=withdrawn,
        code_version=version,
    )
    pusher = AtomicPusher(
        model=index.outputs["bundle"],
        model_blessing=evaluator.outputs["blessing"],
        infra_blessing=canary.outputs["blessing"],
        evaluation=evaluator.outputs["evaluation"],
        push_destination=tfx.proto.PushDestination(
            filesystem=tfx.proto.PushDestination.Filesystem(base_directory=config.serving_base)
        ),
        keep_versions=config.serving.keep_versions,
        git_revision=git_revision(),
    ).with_id("Pusher")
    return [index, baseline, evaluator, canary, pusher]


def dotted(function: Callable[..., Any]) -> str:
    """Returns a function's import path, so that renaming it can't leave a stale string behind."""
    return f"{function.__module__}.{function.__qualname__}"


def as_json(config: SplitConfig | Trend) -> str:
    """Returns a part of the configuration as a component's parameter."""
    return json.dumps(dataclasses.asdict(config), sort_keys=True)


def fingerprint(record: str) -> str:
    """Returns a hash of a curated schema, so that the cache notices an edit."""
    return hashlib.sha256(schemas.text(record).encode()).hexdigest()[:16]
