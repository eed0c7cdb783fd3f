"""Ingests the catalogue: one `tf.Example` per movie, rated or not."""

import pathlib

from absl import logging
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
from components.ingestion.timelines import movie_examples
from transform import features


class Executor(GroupLensExecutor):
    """Reads and checks the movies of a folder."""

    SPLITS = (features.CATALOGUE,)

    @staticmethod
    def examples(folder: pathlib.Path, settings: Settings) -> NamedExamples:
        """Yields the split and the bytes of every movie.

        Args:
            folder: A folder in GroupLens layout.
            settings: None that matters.

        Raises:
            DataError: The movies file is not sound.
        """
        del settings
        layout = grouplens.detect(folder)
        movies = grouplens.read_movies(layout)
        logging.info("%d movies (%s).", len(movies.title), layout.name)
        return ((features.CATALOGUE, example) for example in movie_examples(movies))


class MoviesExampleGen(GroupLensExampleGen):
    """Publishes the catalogue as the one split `catalogue`."""

    EXECUTOR_SPEC = BeamExecutorSpec(Executor)

    def __init__(
        self,
        input_base: str | RuntimeParameter,
        code_version: str = "",
        span: str | RuntimeParameter = NEWEST,
    ) -> None:
        """Creates the component.

        Args:
            input_base: The folder of an unpacked release, or a pattern of folders.
            code_version: Names the code that runs, so that a change of it is a change of the cache
                key.
            span: Which folder, where `input_base` is a pattern.
        """
        super().__init__(input_base, span, Executor.SPLITS, {"code_version": code_version})
