"""The graphs, from MovieLens files to a pushed bundle. Read top to bottom as the data flows."""

import dataclasses

from tfx import v1 as tfx

from components.two_tower_trainer import TwoTowerTrainer
from pipeline.code_version import code_version
from pipeline.config import PipelineConfig
from pipeline.stages import check, deliver, dotted, ingest, transform, warm_start
from trainer.run import run_fn
from transform import preprocessing, schemas


def create_pipeline(config: PipelineConfig) -> tfx.dsl.Pipeline:
    """Returns the whole graph; the same for the local runner and for Kubeflow.

    Args:
        config: What the run does.
    """
    features_version = code_version("transform")
    components_version = code_version("components", "transform")
    movies, ratings = ingest(config, components_version)
    timelines_checked = check(schemas.TIMELINES, ratings)
    movies_checked = check(schemas.MOVIES, movies)
    timelines_transform = transform(
        schemas.TIMELINES, preprocessing.timelines, ratings, timelines_checked, features_version
    )
    movies_transform = transform(
        schemas.MOVIES, preprocessing.movies, movies, movies_checked, features_version
    )
    started = warm_start(config, ratings)
    trainer = TwoTowerTrainer(
        run_fn=dotted(run_fn),
        examples=timelines_transform.outputs["transformed_examples"],
        transform_graph=timelines_transform.outputs["transform_graph"],
        movies=movies_transform.outputs["transformed_examples"],
        movies_transform_graph=movies_transform.outputs["transform_graph"],
        custom_config={
            "model": dataclasses.asdict(config.model),
            "code_version": code_version("trainer", "transform"),
        },
        base_model=started[0].outputs["model"] if started else None,
    )
    return tfx.dsl.Pipeline(
        pipeline_name=config.name,
        pipeline_root=config.pipeline_root,
        components=[
            movies,
            ratings,
            *timelines_checked.values(),
            *movies_checked.values(),
            timelines_transform,
            movies_transform,
            *started,
            trainer,
            *deliver(config, trainer.outputs["model"], ratings, movies, components_version),
        ],
        beam_pipeline_args=list(config.beam_args),
        enable_cache=True,
    )


def create_refresh(config: PipelineConfig, towers: str) -> tfx.dsl.Pipeline:
    """Returns the graph that serves today's catalogue with towers that were trained before.

    Only the movies' statistics are taken: they are what a refresh is for. The ratings are checked
    by their ExampleGen, column by column.

    Args:
        config: What the run does.
        towers: URI of the Model artifact that holds them.
    """
    version = code_version("components", "transform")
    movies, ratings = ingest(config, version)
    movies_checked = check(schemas.MOVIES, movies)
    stored = tfx.dsl.Importer(
        source_uri=towers, artifact_type=tfx.types.standard_artifacts.Model
    ).with_id("Towers")
    delivery = deliver(config, stored.outputs["result"], ratings, movies, version)
    delivery[0].add_upstream_node(movies_checked["gate"])
    return tfx.dsl.Pipeline(
        pipeline_name=config.name,
        pipeline_root=config.pipeline_root,
        components=[
            movies,
            ratings,
            *movies_checked.values(),
            stored,
            *delivery,
        ],
        beam_pipeline_args=list(config.beam_args),
        enable_cache=True,
    )
