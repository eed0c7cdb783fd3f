"""Runtime parameters as they are typed on the command line."""

from collections.abc import Sequence
from typing import Any

TYPES = {"NUMBER_INTEGER": int, "NUMBER_DOUBLE": float, "STRING": str}


def parse(settings: Sequence[str], known: dict[str, str]) -> dict[str, Any]:
    """Returns the values of runtime parameters.

    Args:
        settings: Such as "epochs=5".
        known: Type of each parameter of the version, as Kubeflow calls it.

    Raises:
        ValueError: A setting is malformed, names no parameter, or has a value of another type.
    """
    values = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise ValueError(f"--parameter must look like NAME=VALUE, got {setting!r}.")
        if name not in known:
            there = ", ".join(sorted(known)) or "none"
            raise ValueError(f"The version has no parameter {name!r}; there are: {there}.")
        values[name] = _as(known[name], name, text)
    return values


def _as(kind: str, name: str, text: str) -> Any:
    if kind == "BOOLEAN":
        if text not in ("true", "false"):
            raise ValueError(f"{name} must be true or false, got {text!r}.")
        return text == "true"
    if kind not in TYPES:
        raise ValueError(f"{name} is a {kind}, which can't be given on the command line.")
    try:
        return TYPES[kind](text)
    except ValueError:
        raise ValueError(f"{name} must be of type {kind}, got {text!r}.") from None
