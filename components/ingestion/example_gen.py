"""What the two ExampleGens share: spec, settings, and one pass over a folder for all splits."""

import contextlib
import json
import os
import pathlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import apache_beam as beam
from google.protobuf import any_pb2, wrappers_pb2
from tfx import types
from tfx.components.example_gen.base_example_gen_executor import BaseExampleGenExecutor
from tfx.components.example_gen.utils import make_default_input_config
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.io import fileio
from tfx.orchestration.data_types import RuntimeParameter
from tfx.proto import example_gen_pb2
from tfx.types import standard_artifacts, standard_component_specs
from tfx.types.component_spec import ChannelParameter, ExecutionParameter
from tfx.utils import proto_utils

from components.ingestion import spans
from components.ingestion.driver import MOVIES, REQUESTED_SPAN, FolderDriver
from components.ingestion.readers.grouplens.layout import known_file_names

Settings = dict[str, Any]
NamedExamples = Iterable[tuple[str, bytes]]


class GroupLensExecutor(BaseExampleGenExecutor):
    """Turns a folder in GroupLens layout into splits of serialized examples.

    A subclass says how, in `SPLITS` and `examples`. The layout is found out here, at run time: on
    Kubeflow the folder need not exist where the pipeline is compiled.
    """

    SPLITS: tuple[str, ...]
    """Names of the splits, as in the output configuration."""

    @staticmethod
    def examples(folder: pathlib.Path, settings: Settings) -> NamedExamples:
        """Yields the split and the bytes of every example that a local folder gives."""
        raise NotImplementedError

    def GetInputSourceToExamplePTransform(self) -> beam.PTransform:
        """Not used: it would read the folder once per split."""
        raise NotImplementedError

    def GenerateExamplesByBeam(
        self, pipeline: beam.Pipeline, exec_properties: dict[str, Any]
    ) -> dict[str, beam.pvalue.PCollection]:
        """Reads the folder once, in one worker, and sends each example to its split.

        Args:
            pipeline: The pipeline in which TFX will write the splits.
            exec_properties: Holds `input_base` and `custom_config`.

        Returns:
            The serialized examples of each split by its name.
        """
        outputs = (
            pipeline
            | "Folder" >> beam.Create([exec_properties[standard_component_specs.INPUT_BASE_KEY]])
            | "Examples"
            >> beam.ParDo(
                _ReadFolder(type(self).examples, _settings(exec_properties))
            ).with_outputs(*self.SPLITS)
        )
        return {split: outputs[split] for split in self.SPLITS}


class GroupLensExampleGenSpec(standard_component_specs.FileBasedExampleGenSpec):
    """TFX's spec of a file-based ExampleGen, with a span, and a catalogue to go with."""

    INPUTS = {MOVIES: ChannelParameter(type=standard_artifacts.Examples, optional=True)}
    PARAMETERS = {
        **standard_component_specs.FileBasedExampleGenSpec.PARAMETERS,
        REQUESTED_SPAN: ExecutionParameter(type=str),
    }


class GroupLensExampleGen(BaseBeamComponent):
    """Publishes the examples of a folder.

    Not a `FileBasedExampleGen`, whose `__init__` builds its own spec. The fingerprint of the input,
    which decides whether a cached run may be reused, covers every file in the folder (TFX's default
    pattern `*`): no pattern names just the files of all layouts, and to run once too often is
    better than to miss a change.
    """

    SPEC_CLASS = GroupLensExampleGenSpec
    DRIVER_CLASS = FolderDriver

    def __init__(
        self,
        input_base: str | RuntimeParameter,
        span: str | RuntimeParameter,
        splits: Iterable[str],
        settings: Settings,
        movies: types.BaseChannel | None = None,
    ) -> None:
        """Creates the component.

        Args:
            input_base: The folder of an unpacked release, local or in a bucket, or a pattern of
                folders as in `components.ingestion.spans`.
            span: Which of them: "newest", a number or a date.
            splits: Names of the splits.
            settings: Of the executor, JSON-able.
            movies: Examples of the catalogue; their folder is read, whatever is newest by then.

        Raises:
            ValueError: The pattern or the span has no meaning.
        """
        if isinstance(input_base, str):
            spans.check_pattern(input_base)
        if isinstance(span, str):
            spans.number(span)
        super().__init__(
            spec=GroupLensExampleGenSpec(
                input_base=input_base,
                requested_span=span,
                input_config=make_default_input_config(),
                output_config=output_config(splits),
                output_data_format=example_gen_pb2.FORMAT_TF_EXAMPLE,
                output_file_format=example_gen_pb2.FORMAT_TFRECORDS_GZIP,
                custom_config=custom_config(settings),
                examples=types.Channel(type=standard_artifacts.Examples),
                **({MOVIES: movies} if movies else {}),
            )
        )


def custom_config(settings: Settings) -> example_gen_pb2.CustomConfig:
    """Returns settings as ExampleGen takes them, which makes them part of its cache key.

    JSON in a string, as `google.protobuf.Struct` would turn whole numbers into floats.
    """
    packed = any_pb2.Any()
    packed.Pack(wrappers_pb2.StringValue(value=json.dumps(settings, sort_keys=True)))
    return example_gen_pb2.CustomConfig(custom_config=packed)


def output_config(splits: Iterable[str]) -> example_gen_pb2.Output:
    """Returns the configuration that names the splits; nothing is hashed into its buckets."""
    split = example_gen_pb2.SplitConfig.Split
    return example_gen_pb2.Output(
        split_config=example_gen_pb2.SplitConfig(
            splits=[split(name=name, hash_buckets=1) for name in splits]
        )
    )


def _settings(exec_properties: dict[str, Any]) -> Settings:
    """Returns what `custom_config` was made of."""
    config = example_gen_pb2.CustomConfig()
    proto_utils.json_to_proto(exec_properties[standard_component_specs.CUSTOM_CONFIG_KEY], config)
    text = wrappers_pb2.StringValue()
    config.custom_config.Unpack(text)
    settings: Settings = json.loads(text.value)
    return settings


class _ReadFolder(beam.DoFn):
    """Sends every example of a folder to the output that is named like its split."""

    def __init__(
        self, examples: Callable[[pathlib.Path, Settings], NamedExamples], settings: Settings
    ) -> None:
        self._examples = examples
        self._settings = settings

    def process(self, uri: str) -> Iterator[beam.pvalue.TaggedOutput]:
        with local_folder(uri) as folder:
            for split, example in self._examples(folder, self._settings):
                yield beam.pvalue.TaggedOutput(split, example)


@contextlib.contextmanager
def local_folder(uri: str) -> Iterator[pathlib.Path]:
    """Gives the folder itself, or, if it is in a bucket, a copy of the files that layouts name."""
    if "://" not in uri:
        yield pathlib.Path(uri)
        return
    with tempfile.TemporaryDirectory() as copy:
        for name in known_file_names().intersection(fileio.listdir(uri)):
            fileio.copy(os.path.join(uri, name), os.path.join(copy, name))
        yield pathlib.Path(copy)
