"""What the two ExampleGens share: their settings, and one pass over a folder for all splits."""

import contextlib
import json
import os
import pathlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import apache_beam as beam
from google.protobuf import any_pb2, wrappers_pb2
from tfx.components.example_gen.base_example_gen_executor import BaseExampleGenExecutor
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import standard_component_specs
from tfx.utils import proto_utils

from components.grouplens.layout import known_file_names

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
