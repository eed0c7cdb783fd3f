"""The graphs, from files to a pushed bundle. Read top to bottom as the data flows.

To add a node, give it an id in `pipeline/nodes.py`, and make it in `pipeline/stages.py`, or here if
only one graph has it.
"""

import dataclasses

from tfx import v1 as tfx
from tfx.dsl.components.base import base_node

from components.registry.served_towers import ServedTowers
from components.training.trainer import TwoTowerTrainer
from components.training.tuner import TwoTowerTuner
from pipeline import nodes
from pipeline.code_version import code_version
from pipeline.config import PipelineConfig, Tuning
from pipeline.stages import check, deliver, dotted, ingest, prepare, warm_start
from trainer.run import run_fn
from trainer.tuning.tuner_fn import tuner_fn
from transform import schemas


def create_pipeline(config: PipelineConfig) -> tfx.dsl.Pipeline:
    """Returns the whole graph; the same for the local runner and for Kubeflow.

    Args:
        config: What the run does.
    """
    prepared = prepare(config)
    start = warm_start(config, prepared.ingested)
    trainer = TwoTowerTrainer(
        run_fn=dotted(run_fn),
        **prepared.data,
        custom_config={
            "definition": config.definition.to_json(),
            "model": dataclasses.asdict(config.settings.model),
            "code_version": code_version(TwoTowerTrainer.__module__, run_fn.__module__),
        },
        base_model=start.outputs["model"] if start else None,
    ).with_id(nodes.TRAINER)
    delivery = deliver(config, trainer.outputs["model"], prepared.ingested)
    before = [start] if start else []
    return _pipeline(config, [*prepared.nodes, *before, trainer, *delivery.nodes])


def create_tuning(config: PipelineConfig, tuning: Tuning) -> tfx.dsl.Pipeline:
    """Returns the graph that looks for better hyperparameters: as in a run up to Transform.

    Args:
        config: What the run does; its model is where tuning starts.
        tuning: What is tried, and where trials are kept.
    """
    prepared = prepare(config)
    tuner = TwoTowerTuner(
        tuner_fn=dotted(tuner_fn),
        **prepared.data,
        custom_config={
            "definition": config.definition.to_json(),
            "model": dataclasses.asdict(config.settings.model),
            "code_version": code_version(TwoTowerTuner.__module__, tuner_fn.__module__),
            **dataclasses.asdict(tuning),
        },
    ).with_id(nodes.TUNER)
    return _pipeline(config, [*prepared.nodes, tuner])


def create_refresh(config: PipelineConfig, towers: str) -> tfx.dsl.Pipeline:
    """Returns the graph that serves today's catalogue with the served towers.

    Only the items' statistics are taken: they are what a refresh is for. Events are checked
    when they are read, column by column.

    Args:
        config: What the run does.
        towers: Fingerprint of the served towers, as the manifest of the served bundle tells it.
    """
    ingested = ingest(config)
    checked = check(config, schemas.ITEMS, ingested.items)
    served = ServedTowers(serving_base=config.serving_base, sha256=towers).with_id(
        nodes.SERVED_TOWERS
    )
    delivery = deliver(config, served.outputs["model"], ingested)
    delivery.index.add_upstream_node(checked.gate)
    return _pipeline(
        config,
        [ingested.items, ingested.timelines, *checked.nodes, served, *delivery.nodes],
    )


def _pipeline(config: PipelineConfig, components: list[base_node.BaseNode]) -> tfx.dsl.Pipeline:
    """Returns a graph of components."""
    return tfx.dsl.Pipeline(
        pipeline_name=config.name,
        pipeline_root=config.pipeline_root,
        components=components,
        beam_pipeline_args=list(config.beam_args),
        enable_cache=True,
    )
