"""Settings of an ExampleGen, as TFX passes them on: a part of its cache key."""

import json
from typing import Any

from google.protobuf import any_pb2, wrappers_pb2
from tfx.proto import example_gen_pb2
from tfx.types import standard_component_specs
from tfx.utils import proto_utils

from transform.definition import Definition, from_json

DEFINITION = "definition"
SPLIT = "split"
FORGOTTEN = "forgotten"
AS_OF = "as_of"
CODE_VERSION = "code_version"

AT_RUN_TIME = (AS_OF, FORGOTTEN)

Settings = dict[str, Any]


def pack(settings: Settings) -> example_gen_pb2.CustomConfig:
    """Returns settings as ExampleGen takes them.

    JSON in a string, as `google.protobuf.Struct` would turn whole numbers into floats.
    """
    packed = any_pb2.Any()
    packed.Pack(wrappers_pb2.StringValue(value=json.dumps(settings, sort_keys=True)))
    return example_gen_pb2.CustomConfig(custom_config=packed)


def unpack(exec_properties: dict[str, Any]) -> Settings:
    """Returns the settings that an ExampleGen was made with.

    Args:
        exec_properties: Holds `custom_config`, and `AS_OF` and `FORGOTTEN`, texts that are known
            only when it runs: they are settings, too, and empty if they are not there.
    """
    config = example_gen_pb2.CustomConfig()
    proto_utils.json_to_proto(exec_properties[standard_component_specs.CUSTOM_CONFIG_KEY], config)
    text = wrappers_pb2.StringValue()
    config.custom_config.Unpack(text)
    settings: Settings = json.loads(text.value)
    return {**settings, **{name: exec_properties.get(name) or "" for name in AT_RUN_TIME}}


def definition(settings: Settings) -> Definition:
    """Returns the definition of the data set among settings."""
    return from_json(settings[DEFINITION])
