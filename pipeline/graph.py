"""The graphs, from MovieLens files to a pushed bundle. Read top to bottom as the data flows."""

import dataclasses

from tfx import v1 as tfx

from components.registry.served_towers import ServedTowers
from components.training.trainer import TwoTowerTrainer
from components.training.tuner import TwoTowerTuner
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
    components_version = code_version("components", "transform")
    ready = prepare(config, components_version)
    started = warm_start(config, ready.ratings)
    trainer = TwoTowerTrainer(
        run_fn=dotted(run_fn),
        **ready.data,
        custom_config={
            "model": dataclasses.asdict(config.model),
            "code_version": code_version("trainer", "transform"),
        },
        base_model=started[0].outputs["model"] if started else None,
    )
    towers = trainer.outputs["model"]
    return tfx.dsl.Pipeline(
        pipeline_name=config.name,
        pipeline_root=config.pipeline_root,
        components=[
            *ready.nodes,
            *started,
            trainer,
            *deliver(config, towers, ready.ratings, ready.movies, components_version),
        ],
        beam_pipeline_args=list(config.beam_args),
        enable_cache=True,
    )


def create_tuning(config: PipelineConfig, tuning: Tuning) -> tfx.dsl.Pipeline:
    """Returns the graph that looks for better hyperparameters: as in a run up to Transform.

    Args:
        config: What the run does; its model is where tuning starts.
        tuning: What is tried, and where trials are kept.
    """
    ready = prepare(config, code_version("components", "transform"))
    tuner = TwoTowerTuner(
        tuner_fn=dotted(tuner_fn),
        **ready.data,
        custom_config={
            "model": dataclasses.asdict(config.model),
            "code_version": code_version("trainer", "transform"),
            **dataclasses.asdict(tuning),
        },
    )
    return tfx.dsl.Pipeline(
        pipeline_name=config.name,
        pipeline_root=config.pipeline_root,
        components=[*ready.nodes, tuner],
        beam_pipeline_args=list(config.beam_args),
        enable_cache=True,
    )


def create_refresh(config: PipelineConfig, towers: str) -> tfx.dsl.Pipeline:
    """Returns the graph that serves today's catalogue with the served towers.

    Only the movies' statistics are taken: they are what a refresh is for. The ratings are checked
    by their ExampleGen, column by column.

    Args:
        config: What the run does.
        towers: Fingerprint of them, in the manifest of what is served.
    """
    version = code_version("components", "transform")
    movies, ratings = ingest(config, version)
    movies_checked = check(schemas.MOVIES, movies)
    served = ServedTowers(serving_base=config.serving_base, sha256=towers)
    delivery = deliver(config, served.outputs["model"], ratings, movies, version)
    delivery[0].add_upstream_node(movies_checked["gate"])
    return tfx.dsl.Pipeline(
        pipeline_name=config.name,
        pipeline_root=config.pipeline_root,
        components=[
            movies,
            ratings,
            *movies_checked.values(),
            served,
            *delivery,
        ],
        beam_pipeline_args=list(config.beam_args),
        enable_cache=True,
    )
