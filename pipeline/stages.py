"""The stages of the graphs: components that belong together, wired once for all graphs."""

import dataclasses
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
from components.ingestion.items_example_gen import ItemsExampleGen
from components.ingestion.splits import SplitConfig
from components.ingestion.timelines_example_gen import TimelinesExampleGen
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

IDS = {schemas.TIMELINES: nodes.TIMELINES, schemas.ITEMS: nodes.ITEMS}
ANALYZED = {schemas.TIMELINES: [features.TRAIN], schemas.ITEMS: [features.CATALOGUE]}
TRANSFORMED = {
    schemas.TIMELINES: [features.TRAIN, features.EVAL],
    schemas.ITEMS: [features.CATALOGUE],
}


@dataclasses.dataclass(frozen=True)
class Ingested:
    """The components that read the files."""

    items: ItemsExampleGen
    """The ExampleGen of the catalogue."""

    timelines: TimelinesExampleGen
    """The ExampleGen of the timelines. It follows the catalogue, so that both are of one span,
    however late a new one arrives."""


def ingest(config: PipelineConfig) -> Ingested:
    """Returns the components that read the files.

    Args:
        config: What the run does.
    """
    version = code_version(ItemsExampleGen.__module__)
    definition = config.definition.to_json()
    items = ItemsExampleGen(config.data, definition, version, config.span, config.as_of)
    timelines = TimelinesExampleGen(
        config.data,
        definition,
        config.settings.split,
        version,
        config.span,
        items.outputs["examples"],
        config.as_of,
        config.serving_base,
    )
    return Ingested(
        items.with_id(nodes.ITEMS_EXAMPLE_GEN), timelines.with_id(nodes.TIMELINES_EXAMPLE_GEN)
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


def check(config: PipelineConfig, record: str, examples: base_node.BaseNode) -> Checked:
    """Returns statistics, schema, validator and gate for one record type.

    Args:
        config: What the run does.
        record: `schemas.TIMELINES` or `schemas.ITEMS`.
        examples: The ExampleGen of that record type.
    """
    ids = IDS[record]
    schema = CuratedSchema(
        record=record,
        definition=config.definition.to_json(),
        code_version=code_version(CuratedSchema.__module__),
    )
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
    config: PipelineConfig,
    record: str,
    preprocessing_fn: Callable[..., Any],
    examples: base_node.BaseNode,
    checked: Checked,
) -> tfx.components.Transform:
    """Returns the Transform of one record type, which waits for its gate.

    Args:
        config: What the run does.
        record: `schemas.TIMELINES` or `schemas.ITEMS`.
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
        custom_config={
            preprocessing.DEFINITION: config.definition.to_json(),
            "code_version": code_version(preprocessing_fn.__module__),
        },
    ).with_id(IDS[record].transform)
    component.add_upstream_node(checked.gate)
    return component


@dataclasses.dataclass(frozen=True)
class Prepared:
    """Data to train on, and the components that make it."""

    ingested: Ingested
    """The components that read the files."""

    data: dict[str, types.BaseChannel]
    """By argument of the Trainer: transformed timelines and items, and their transform graphs."""

    nodes: list[base_node.BaseNode]
    """All components up to Transform."""


def prepare(config: PipelineConfig) -> Prepared:
    """Returns what reads, checks and transforms the data.

    Args:
        config: What the run does.
    """
    ingested = ingest(config)
    timelines_checked = check(config, schemas.TIMELINES, ingested.timelines)
    items_checked = check(config, schemas.ITEMS, ingested.items)
    timelines_transform = transform(
        config, schemas.TIMELINES, preprocessing.timelines, ingested.timelines, timelines_checked
    )
    items_transform = transform(
        config, schemas.ITEMS, preprocessing.items, ingested.items, items_checked
    )
    return Prepared(
        ingested,
        data={
            "examples": timelines_transform.outputs["transformed_examples"],
            "transform_graph": timelines_transform.outputs["transform_graph"],
            "items": items_transform.outputs["transformed_examples"],
            "items_transform_graph": items_transform.outputs["transform_graph"],
        },
        nodes=[
            ingested.items,
            ingested.timelines,
            *timelines_checked.nodes,
            *items_checked.nodes,
            timelines_transform,
            items_transform,
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
        timelines=ingested.timelines.outputs["examples"],
        definition=config.definition.to_json(),
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
    items, timelines = ingested.items.outputs["examples"], ingested.timelines.outputs["examples"]
    definition, withdrawn = config.definition.to_json(), json.dumps(config.withdrawn)
    index = CandidateIndex(
        model=towers,
        items=items,
        timelines=timelines,
        definition=definition,
        inverted_from=config.settings.serving.inverted_from,
        probes=config.settings.serving.probes,
        k=config.k,
        max_batch=config.settings.serving.max_batch,
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
        eval_config=eval_config(config.settings.gates, config.definition),
        code_version=code_version(BundleEvaluator.__module__),
    ).with_id(nodes.EVALUATOR)
    canary = Canary(
        bundle=bundle,
        model=towers,
        items=items,
        timelines=timelines,
        definition=definition,
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
        fail_if_not_blessed=config.fail_if_not_blessed,
        configuration=recorded(config),
        signing_key_file=config.settings.serving.signing_key_file,
    ).with_id(nodes.PUSHER)
    return Delivery(index, baseline, evaluator, canary, pusher)


def dotted(function: Callable[..., Any]) -> str:
    """Returns a function's import path, so that renaming it can't leave a stale string behind."""
    return f"{function.__module__}.{function.__qualname__}"


def recorded(config: PipelineConfig) -> str:
    """Returns what the manifest of a pushed bundle says of its run's configuration, JSON.

    Who is told of the run is left out: it has no part in the bundle, and names paths of a machine.
    """
    settings = dataclasses.asdict(config.settings)
    del settings["notify"]
    return json.dumps({**settings, "as_of": config.as_of}, sort_keys=True)


def as_json(config: SplitConfig | Trend) -> str:
    """Returns a part of the configuration as a component's parameter."""
    return json.dumps(dataclasses.asdict(config), sort_keys=True)
