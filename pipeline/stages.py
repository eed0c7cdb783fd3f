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
from pipeline import nodes
from pipeline.code_version import code_version, git_revision
from pipeline.config import PipelineConfig
from pipeline.gates import eval_config
from transform import features, preprocessing, schemas

IDS = {schemas.TIMELINES: nodes.TIMELINES, schemas.MOVIES: nodes.MOVIES}
ANALYZED = {schemas.TIMELINES: [features.TRAIN], schemas.MOVIES: [features.CATALOGUE]}
TRANSFORMED = {
    schemas.TIMELINES: [features.TRAIN, features.EVAL],
    schemas.MOVIES: [features.CATALOGUE],
}


@dataclasses.dataclass(frozen=True)
class Ingested:
    """The components that read the files."""

    movies: MoviesExampleGen
    """The ExampleGen of the catalogue."""

    ratings: RatingsExampleGen
    """The ExampleGen of the timelines. It follows the catalogue, so that both are of one span,
    however late a new one arrives."""


def ingest(config: PipelineConfig) -> Ingested:
    """Returns the components that read the files.

    Args:
        config: What the run does.
    """
    version = code_version(MoviesExampleGen.__module__)
    movies = MoviesExampleGen(config.data, version, config.span)
    ratings = RatingsExampleGen(
        config.data, config.settings.split, version, config.span, movies.outputs["examples"]
    )
    return Ingested(
        movies.with_id(nodes.MOVIES_EXAMPLE_GEN), ratings.with_id(nodes.RATINGS_EXAMPLE_GEN)
    )


@dataclasses.dataclass(frozen=True)
class Checked:
    """The components that check one record type."""

    schema: base_node.BaseNode
    """Publishes the curated schema."""

    statistics: base_node.BaseNode
    """Describes the examples."""

    validator: base_node.BaseNode
    """Compares the statistics with the schema."""

    gate: base_node.BaseNode
    """Stops the run if there is an anomaly; what uses the examples waits for it."""

    @property
    def nodes(self) -> list[base_node.BaseNode]:
        """All of them, in the order of the data."""
        return [self.schema, self.statistics, self.validator, self.gate]


def check(record: str, examples: base_node.BaseNode) -> Checked:
    """Returns statistics, schema, validator and gate for one record type.

    Args:
        record: `schemas.TIMELINES` or `schemas.MOVIES`.
        examples: The ExampleGen of that record type.
    """
    ids = IDS[record]
    schema = CuratedSchema(record=record, fingerprint=fingerprint(record))
    statistics = tfx.components.StatisticsGen(examples=examples.outputs["examples"])
    validator = tfx.components.ExampleValidator(
        statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"]
    )
    gate = AnomalyGate(
        anomalies=validator.outputs["anomalies"], code_version=code_version(AnomalyGate.__module__)
    )
    return Checked(
        schema.with_id(ids.schema),
        statistics.with_id(ids.statistics),
        validator.with_id(ids.validator),
        gate.with_id(ids.gate),
    )


def transform(
    record: str,
    preprocessing_fn: Callable[..., Any],
    examples: base_node.BaseNode,
    checked: Checked,
) -> tfx.components.Transform:
    """Returns the Transform of one record type, which waits for its gate.

    Args:
        record: `schemas.TIMELINES` or `schemas.MOVIES`.
        preprocessing_fn: What it does.
        examples: The ExampleGen of that record type.
        checked: What `check` returned for it.
    """
    component = tfx.components.Transform(
        examples=examples.outputs["examples"],
        schema=checked.schema.outputs["schema"],
        preprocessing_fn=dotted(preprocessing_fn),
        splits_config=tfx.proto.SplitsConfig(
            analyze=ANALYZED[record], transform=TRANSFORMED[record]
        ),
        disable_statistics=True,
        custom_config={"code_version": code_version(preprocessing_fn.__module__)},
    ).with_id(IDS[record].transform)
    component.add_upstream_node(checked.gate)
    return component


@dataclasses.dataclass(frozen=True)
class Prepared:
    """Data to train on, and the components that make it."""

    ingested: Ingested
    """The components that read the files."""

    data: dict[str, types.BaseChannel]
    """By argument of the Trainer: transformed timelines and movies, and their transform graphs."""

    nodes: list[base_node.BaseNode]
    """All components up to Transform."""


def prepare(config: PipelineConfig) -> Prepared:
    """Returns what reads, checks and transforms the data.

    Args:
        config: What the run does.
    """
    ingested = ingest(config)
    timelines_checked = check(schemas.TIMELINES, ingested.ratings)
    movies_checked = check(schemas.MOVIES, ingested.movies)
    timelines_transform = transform(
        schemas.TIMELINES, preprocessing.timelines, ingested.ratings, timelines_checked
    )
    movies_transform = transform(
        schemas.MOVIES, preprocessing.movies, ingested.movies, movies_checked
    )
    return Prepared(
        ingested,
        data={
            "examples": timelines_transform.outputs["transformed_examples"],
            "transform_graph": timelines_transform.outputs["transform_graph"],
            "movies": movies_transform.outputs["transformed_examples"],
            "movies_transform_graph": movies_transform.outputs["transform_graph"],
        },
        nodes=[
            ingested.movies,
            ingested.ratings,
            *timelines_checked.nodes,
            *movies_checked.nodes,
            timelines_transform,
            movies_transform,
        ],
    )


def warm_start(config: PipelineConfig, ingested: Ingested) -> base_node.BaseNode | None:
    """Returns the component whose bundle training starts from, if the configuration wants one.

    Args:
        config: What the run does.
        ingested: The components that read the files.
    """
    if not config.settings.model.warm_start:
        return None
    return WarmStart(
        timelines=ingested.ratings.outputs["examples"],
        serving_base=config.serving_base,
        split=as_json(config.settings.split),
        exclude_seen=config.settings.model.exclude_seen,
    ).with_id(nodes.WARM_START)


@dataclasses.dataclass(frozen=True)
class Delivery:
    """The components that take trained towers to serving."""

    index: base_node.BaseNode
    """Makes the bundle."""

    baseline: base_node.BaseNode
    """Finds the bundle that is served, to compare with."""

    evaluator: base_node.BaseNode
    """Measures both."""

    canary: base_node.BaseNode
    """Lets the bundle answer in a bare process."""

    pusher: base_node.BaseNode
    """Publishes it, if both bless it."""

    @property
    def nodes(self) -> list[base_node.BaseNode]:
        """All of them, in the order of the data."""
        return [self.index, self.baseline, self.evaluator, self.canary, self.pusher]


def deliver(config: PipelineConfig, towers: types.BaseChannel, ingested: Ingested) -> Delivery:
    """Returns the components that take trained towers to serving.

    Args:
        config: What the run does.
        towers: The trained towers.
        ingested: The components that read the files.
    """
    movies, timelines = ingested.movies.outputs["examples"], ingested.ratings.outputs["examples"]
    withdrawn = ",".join(config.withdrawn)
    index = CandidateIndex(
        model=towers,
        movies=movies,
        timelines=timelines,
        inverted_from=config.settings.serving.inverted_from,
        probes=config.settings.serving.probes,
        k=config.k,
        exclude_seen=config.settings.model.exclude_seen,
        split=as_json(config.settings.split),
        trend=as_json(config.settings.serving.trend),
        withdrawn=withdrawn,
        code_version=code_version(CandidateIndex.__module__),
    ).with_id(nodes.CANDIDATE_INDEX)
    bundle = index.outputs["bundle"]
    baseline = Baseline(bundle=bundle, serving_base=config.serving_base).with_id(nodes.BASELINE)
    evaluator = BundleEvaluator(
        examples=timelines,
        example_splits=[features.TEST],
        model=bundle,
        baseline_model=baseline.outputs["model"],
        eval_config=eval_config(config.settings.gates),
        code_version=code_version(BundleEvaluator.__module__),
    ).with_id(nodes.EVALUATOR)
    canary = Canary(
        bundle=bundle,
        model=towers,
        movies=movies,
        timelines=timelines,
        withdrawn=withdrawn,
        code_version=code_version(Canary.__module__),
    ).with_id(nodes.CANARY)
    pusher = AtomicPusher(
        model=bundle,
        model_blessing=evaluator.outputs["blessing"],
        infra_blessing=canary.outputs["blessing"],
        evaluation=evaluator.outputs["evaluation"],
        push_destination=tfx.proto.PushDestination(
            filesystem=tfx.proto.PushDestination.Filesystem(base_directory=config.serving_base)
        ),
        keep_versions=config.settings.serving.keep_versions,
        git_revision=git_revision(),
    ).with_id(nodes.PUSHER)
    return Delivery(index, baseline, evaluator, canary, pusher)


def dotted(function: Callable[..., Any]) -> str:
    """Returns a function's import path, so that renaming it can't leave a stale string behind."""
    return f"{function.__module__}.{function.__qualname__}"


def as_json(config: SplitConfig | Trend) -> str:
    """Returns a part of the configuration as a component's parameter."""
    return json.dumps(dataclasses.asdict(config), sort_keys=True)


def fingerprint(record: str) -> str:
    """Returns a hash of a curated schema, so that the cache notices an edit."""
    return hashlib.sha256(schemas.text(record).encode()).hexdigest()[:16]
