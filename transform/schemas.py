"""The schemas of both record types, made from the definition: what may arrive.

`ExampleValidator` holds the data against them, Transform parses by them. Presence 1 means that
every record has it.
"""

from tensorflow_metadata.proto.v0 import schema_pb2

from transform import features
from transform.definition import Definition
from transform.kinds import Categories, Category, Feature, Number, Time, Vector, Words

TIMELINES, ITEMS = "timelines", "items"
EARLIEST, LATEST = -(2**40), 2**40
"""Seconds that a time may be: some 35,000 years each way, to catch another unit."""


def timelines(definition: Definition) -> schema_pb2.Schema:
    """Returns the schema of timelines."""
    schema = schema_pb2.Schema()
    _add_id(schema, features.USER_ID)
    for name, feature in definition.user_features.items():
        _add(schema, name, feature)
    for rename in (str, features.label):
        schema.feature.append(_feature(rename(features.ITEM_ID), schema_pb2.BYTES))
        time = _feature(rename(features.TIME), schema_pb2.INT)
        time.int_domain.min, time.int_domain.max = EARLIEST, LATEST
        schema.feature.append(time)
        if definition.event.weight:
            weight = _feature(rename(features.WEIGHT), schema_pb2.FLOAT)
            weight.float_domain.min = 0.0
            weight.float_domain.disallow_nan = True
            schema.feature.append(weight)
        for name, feature in definition.event.features.items():
            _add(schema, rename(name), feature, listed=True)
    return schema


def items(definition: Definition) -> schema_pb2.Schema:
    """Returns the schema of items."""
    schema = schema_pb2.Schema()
    _add_id(schema, features.ITEM_ID)
    _add_id(schema, features.TITLE)
    for name, feature in definition.item.features.items():
        _add(schema, name, feature)
    return schema


def of(record: str, definition: Definition) -> schema_pb2.Schema:
    """Returns the schema of `TIMELINES` or `ITEMS`."""
    return {TIMELINES: timelines, ITEMS: items}[record](definition)


def _add_id(schema: schema_pb2.Schema, name: str) -> None:
    """Adds a text that every record has once."""
    feature = schema.feature.add(name=name, type=schema_pb2.BYTES)
    feature.presence.min_fraction, feature.presence.min_count = 1, 1
    feature.shape.SetInParent()


def _add(schema: schema_pb2.Schema, name: str, kind: Feature, listed: bool = False) -> None:
    """Adds a feature by its kind.

    Args:
        schema: Extended.
        name: Of the feature.
        kind: What it may hold.
        listed: Whether it is a list of one value an event, in which "" and NaN are missing ones.
    """
    if isinstance(kind, Number):
        feature = _feature(name, schema_pb2.FLOAT)
        feature.float_domain.disallow_inf = True
        feature.float_domain.disallow_nan = not listed
        if kind.min is not None:
            feature.float_domain.min = kind.min
        if kind.max is not None:
            feature.float_domain.max = kind.max
    elif isinstance(kind, Time):
        feature = _feature(name, schema_pb2.INT)
        feature.int_domain.min, feature.int_domain.max = EARLIEST, LATEST
    elif isinstance(kind, Vector):
        feature = _feature(name, schema_pb2.FLOAT)
        feature.float_domain.disallow_inf = feature.float_domain.disallow_nan = True
    else:
        assert isinstance(kind, (Category, Categories, Words))
        feature = _feature(name, schema_pb2.BYTES)
        if not isinstance(kind, Words) and kind.values:
            feature.string_domain.value.extend(kind.values)
            if listed and not kind.required:
                feature.string_domain.value.append("")
    if not listed:
        if kind.required:
            feature.presence.min_fraction = 1
        if not isinstance(kind, Categories):
            feature.value_count.max = kind.size if isinstance(kind, Vector) else 1
    schema.feature.append(feature)


def _feature(name: str, kind: "schema_pb2.FeatureType") -> schema_pb2.Feature:
    """Returns a feature that may be absent."""
    feature = schema_pb2.Feature(name=name, type=kind)
    feature.presence.min_count = 0
    return feature
