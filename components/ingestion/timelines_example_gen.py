"""Ingests ratings as timelines: one `tf.Example` per user in each of train, eval and test."""

import dataclasses
import pathlib

from absl import logging
from tfx import types
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.orchestration.data_types import RuntimeParameter

from components.ingestion.example_gen import (
    GroupLensExampleGen,
    GroupLensExecutor,
    NamedExamples,
    Settings,
)
from components.ingestion.readers import grouplens
from components.ingestion.spans import NEWEST
from components.ingestion.splits import SPLITS, SplitConfig, split_ratings
from components.ingestion.timelines import timeline_examples


class Executor(GroupLensExecutor):
    """Reads, checks and splits the ratings of a folder."""

    SPLITS = SPLITS

    @staticmethod
    def examples(folder: pathlib.Path, settings: Settings) -> NamedExamples:
        """Yields the split and the bytes of every timeline.

        Args:
            folder: A folder in GroupLens layout.
            settings: A `SplitConfig` as a dictionary, under `split`.

        Raises:
            DataError: A file of the release is not sound, or does not fit the others.
        """
        layout = grouplens.detect(folder)
        ratings = grouplens.read_ratings(layout)
        users = grouplens.read_users(layout)
        movies = grouplens.read_movies(layout)
        grouplens.check_consistency(ratings, movies, users)
        split = split_ratings(ratings.user_id, ratings.timestamp, SplitConfig(**settings["split"]))
        logging.info(
            "%d ratings by %d users, %d movies listed (%s); labels: %s.",
            len(ratings.rating),
            len(split.user_id),
            len(movies.title),
            layout.name,
            ", ".join(f"{len(split.labels(name).rows)} in {name}" for name in SPLITS),
        )
        return timeline_examples(ratings, users, split)


class RatingsExampleGen(GroupLensExampleGen):
    """Publishes the timelines of all users, split into `train`, `eval` and `test`."""

    EXECUTOR_SPEC = BeamExecutorSpec(Executor)

    def __init__(
        self,
        input_base: str | RuntimeParameter,
        split: SplitConfig,
        code_version: str = "",
        span: str | RuntimeParameter = NEWEST,
        movies: types.BaseChannel | None = None,
    ) -> None:
        """Creates the component.

        Args:
            input_base: The folder of an unpacked release, or a pattern of folders.
            split: How ratings are held out.
            code_version: Names the code that runs, so that a change of it is a change of the cache
                key.
            span: Which folder, where `input_base` is a pattern.
            movies: The catalogue, so that the ratings are of the same span.
        """
        settings = {"split": dataclasses.asdict(split), "code_version": code_version}
        super().__init__(input_base, span, SPLITS, settings, movies)
