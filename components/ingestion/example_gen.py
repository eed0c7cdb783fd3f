"""What the two ExampleGens share: spec, settings, and one pass over a folder for all splits."""

import json
import os
import pathlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from tfx import types
from tfx.components.example_gen.base_example_gen_executor import BaseExampleGenExecutor
from tfx.components.example_gen.utils import make_default_input_config
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.io import fileio
from tfx.orchestration.data_types import RuntimeParameter
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils, standard_artifacts, standard_component_specs
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.ingestion import as_of as moments
from components.ingestion import spans
from components.ingestion.driver import (
    EXAMPLES,
    INPUT_BASE,
    ITEMS,
    REQUESTED_SPAN,
    SERVING_BASE,
    FolderDriver,
)
from components.ingestion.folders import local_folder
from components.ingestion.settings import AS_OF, Settings, definition, pack, unpack
from transform.definition import Definition

COUNTS = "counts"  # beside the splits
COUNTS_FILE = "counts.json"

Counts = dict[str, int]
Artifacts = dict[str, list[types.Artifact]]


class Ingested(NamedTuple):
    """What a folder gives."""

    examples: Iterable[tuple[str, bytes]]
    """The split and the bytes of every example."""

    counts: Counts
    """What is noted on the artifact, as custom properties."""


class FolderExecutor(BaseExampleGenExecutor):
    """Turns a folder of data into splits of serialized examples.

    A subclass says how, in `SPLITS` and `ingest`. What files there are is found out here, at run
    time: on Kubeflow the folder need not exist where the pipeline is compiled.
    """

    SPLITS: tuple[str, ...]
    """Names of the splits, as in the output configuration."""

    @staticmethod
    def ingest(folder: pathlib.Path, definition: Definition, settings: Settings) -> Ingested:
        """Returns the examples that a local folder gives, and what is noted of it."""
        raise NotImplementedError

    def GetInputSourceToExamplePTransform(self) -> beam.PTransform:
        """Not used: it would read the folder once per split."""
        raise NotImplementedError

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]
    ) -> None:
        """Writes the examples, and notes the counts on their artifact. TFX calls this."""
        artifact = artifact_utils.get_single_instance(output_dict[EXAMPLES])
        self._counts_path = os.path.join(artifact.uri, COUNTS_FILE)
        super().Do(input_dict, output_dict, exec_properties)
        with fileio.open(self._counts_path, "r") as file:
            counts: Counts = json.load(file)
        for name, count in counts.items():
            artifact.set_int_custom_property(name, count)

    def GenerateExamplesByBeam(
        self, pipeline: beam.Pipeline, exec_properties: dict[str, Any]
    ) -> dict[str, beam.pvalue.PCollection]:
        """Reads the folder once, in one worker, and sends each example to its split.

        Args:
            pipeline: The pipeline in which TFX will write the splits.
            exec_properties: Holds `input_base` and the settings.

        Returns:
            The serialized examples of each split by its name.
        """
        outputs = (
            pipeline
            | "Folder" >> beam.Create([exec_properties[INPUT_BASE]])
            | "Examples"
            >> beam.ParDo(_ReadFolder(type(self).ingest, unpack(exec_properties))).with_outputs(
                *self.SPLITS, COUNTS
            )
        )
        # A file tells the counts: workers need not be where this runs, and share only artifacts.
        outputs[COUNTS] | "Counts" >> beam.Map(_write_json, self._counts_path)
        return {split: outputs[split] for split in self.SPLITS}


class FolderExampleGenSpec(standard_component_specs.FileBasedExampleGenSpec):
    """TFX's spec of a file-based ExampleGen, with a span, a moment, and a catalogue to go with."""

    INPUTS = {ITEMS: ChannelParameter(type=standard_artifacts.Examples, optional=True)}
    PARAMETERS = {
        **standard_component_specs.FileBasedExampleGenSpec.PARAMETERS,
        REQUESTED_SPAN: ExecutionParameter(type=str),
        AS_OF: ExecutionParameter(type=str),
        SERVING_BASE: ExecutionParameter(type=str, optional=True),
    }


class FolderExampleGen(BaseBeamComponent):
    """Publishes the examples of a folder.

    Not a `FileBasedExampleGen`, whose `__init__` builds its own spec.
    """

    SPEC_CLASS = FolderExampleGenSpec
    DRIVER_CLASS = FolderDriver

    def __init__(
        self,
        input_base: str | RuntimeParameter,
        span: str | RuntimeParameter,
        splits: Iterable[str],
        settings: Settings,
        items: types.BaseChannel | None = None,
        as_of: str | RuntimeParameter = "",
        serving_base: str | RuntimeParameter = "",
    ) -> None:
        """Creates the component.

        Args:
            input_base: The folder of the files, local or in a bucket, or a pattern of folders as in
                `components.ingestion.spans`.
            span: Which of them: "newest", a number or a date.
            splits: Names of the splits.
            settings: Of the executor, JSON-able; among them the definition.
            items: Examples of the catalogue; their folder is read, whatever is newest by then.
            as_of: Moment that the data is looked at from, as `components.ingestion.as_of` has it:
                later events are set aside. Empty: none is stated, and events that are later than
                now are refused.
            serving_base: Folder of the versions, beside which the list of users lies who are left
                out; empty: nobody is.

        Raises:
            ValueError: The pattern, the span, the moment or the definition has no meaning.
        """
        if isinstance(input_base, str):
            spans.check_pattern(input_base)
        if isinstance(span, str):
            spans.number(span)
        if isinstance(as_of, str):
            moments.seconds(as_of)
        definition(settings)
        super().__init__(
            spec=FolderExampleGenSpec(
                input_base=input_base,
                requested_span=span,
                as_of=as_of,
                input_config=make_default_input_config(),
                output_config=output_config(splits),
                output_data_format=example_gen_pb2.FORMAT_TF_EXAMPLE,
                output_file_format=example_gen_pb2.FORMAT_TFRECORDS_GZIP,
                custom_config=pack(settings),
                examples=types.Channel(type=standard_artifacts.Examples),
                **({ITEMS: items} if items else {}),
                **({SERVING_BASE: serving_base} if serving_base else {}),
            )
        )


def output_config(splits: Iterable[str]) -> example_gen_pb2.Output:
    """Returns the configuration that names the splits; nothing is hashed into its buckets."""
    split = example_gen_pb2.SplitConfig.Split
    return example_gen_pb2.Output(
        split_config=example_gen_pb2.SplitConfig(
            splits=[split(name=name, hash_buckets=1) for name in splits]
        )
    )


class _ReadFolder(beam.DoFn):
    """Sends every example of a folder to the output that is named like its split."""

    def __init__(
        self,
        ingest: Callable[[pathlib.Path, Definition, Settings], Ingested],
        settings: Settings,
    ) -> None:
        self._ingest = ingest
        self._settings = settings

    def process(self, uri: str) -> Iterator[beam.pvalue.TaggedOutput]:
        known = definition(self._settings)
        with local_folder(uri, known) as folder:
            examples, counts = self._ingest(folder, known, self._settings)
            yield beam.pvalue.TaggedOutput(COUNTS, counts)
            for split, example in examples:
                yield beam.pvalue.TaggedOutput(split, example)


def _write_json(value: Counts, path: str) -> None:
    fileio.makedirs(os.path.dirname(path))
    with fileio.open(path, "w") as file:
        file.write(json.dumps(value))
