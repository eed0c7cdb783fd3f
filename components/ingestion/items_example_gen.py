"""Ingests the catalogue: one `tf.Example` per item, with events or without."""

import pathlib

from absl import logging
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.orchestration.data_types import RuntimeParameter

from components.ingestion import as_of as moments
from components.ingestion import tables
from components.ingestion.example_gen import FolderExampleGen, FolderExecutor, Ingested
from components.ingestion.settings import AS_OF, CODE_VERSION, DEFINITION, Settings
from components.ingestion.spans import NEWEST
from components.ingestion.timelines import item_examples
from transform import features
from transform.definition import Definition


class Executor(FolderExecutor):
    """Reads and checks the items of a folder."""

    SPLITS = (features.CATALOGUE,)

    @staticmethod
    def ingest(folder: pathlib.Path, definition: Definition, settings: Settings) -> Ingested:
        """Returns every item.

        Args:
            folder: Holds the files.
            definition: Of the data set.
            settings: Under `as_of`, from when the data is looked at: items that only later events
                know of are none.

        Raises:
            DataErrors: A file is not sound.
        """
        read = tables.read(folder, definition, as_of=moments.seconds(settings[AS_OF]))
        logging.info("%d %s (%s).", read.items.num_rows, definition.item.nouns, read.layout)
        examples = item_examples(read.items, definition)
        return Ingested(((features.CATALOGUE, example) for example in examples), {})


class ItemsExampleGen(FolderExampleGen):
    """Publishes the catalogue as the one split `catalogue`."""

    EXECUTOR_SPEC = BeamExecutorSpec(Executor)

    def __init__(
        self,
        input_base: str | RuntimeParameter,
        definition: str,
        code_version: str = "",
        span: str | RuntimeParameter = NEWEST,
        as_of: str | RuntimeParameter = "",
    ) -> None:
        """Creates the component.

        Args:
            input_base: The folder of the files, or a pattern of folders.
            definition: JSON of the definition of the data set.
            code_version: Hash of the code that runs; a part of the cache key.
            span: Which folder, where `input_base` is a pattern.
            as_of: Moment that the data is looked at from, if one is stated.
        """
        settings = {DEFINITION: definition, CODE_VERSION: code_version}
        super().__init__(input_base, span, Executor.SPLITS, settings, as_of=as_of)
