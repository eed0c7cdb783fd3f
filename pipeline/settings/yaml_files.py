"""YAML files of settings, read as the mappings that people mean.

In YAML 1.1, as PyYAML reads it, a key that is there twice overwrites itself, 1e-3 is a text, and
2026-01-31 a date. Here the first is a mistake, the second a number, and the third the text.
"""

import pathlib
import re
from collections.abc import Sequence
from importlib.abc import Traversable
from typing import Any

import yaml

from pipeline.settings.errors import ConfigurationError

FLOAT, TIMESTAMP = "tag:yaml.org,2002:float", "tag:yaml.org,2002:timestamp"
WITH_EXPONENT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")


def read(path: pathlib.Path | Traversable) -> dict[str, Any]:
    """Returns the mapping that a file holds.

    Args:
        path: The file, also one of a package.

    Raises:
        ConfigurationError: It is not YAML, has a key twice, or holds no mapping.
    """
    try:
        document = yaml.load(path.read_bytes(), _Loader)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path} must be a mapping of names to values.")
    return document


class _Loader(yaml.SafeLoader):
    """YAML as the module describes it."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Returns a mapping.

        Raises:
            yaml.constructor.ConstructorError: A key is there twice.
        """
        keys: Sequence[Any] = [self.construct_object(key, deep=True) for key, _ in node.value]
        for (key, _), value in zip(node.value, keys, strict=True):
            if keys.count(value) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{value!r} is there twice", key.start_mark
                )
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(FLOAT, WITH_EXPONENT, list("-+.0123456789"))
