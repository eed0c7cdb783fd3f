"""One run in full, and two runs side by side, as plain text."""

import math
from collections.abc import Mapping
from typing import Any

from pipeline.runs import verdict
from pipeline.runs.records import RunRecord
from pipeline.runs.tables import columns, metric_table

ONE_LABEL_EACH = "leave_last_out"


def describe(record: RunRecord) -> str:
    """Returns all that is known of a run: how it ended and why, data, metrics, settings."""
    facts = {
        "run": record.run_id,
        "preset": record.preset,
        "status": record.status,
        "seconds": f"{record.seconds:.0f}, of the CPU {record.cpu_seconds:.0f}",
        "data": record.data,
        "span": record.span or "",
        "as of": record.as_of,
        **record.counts,
        "pushed": record.pushed or record.same_as,
        "log": record.log,
    }
    lines = [listed({name: value for name, value in facts.items() if value != ""})]
    lines += ["", *verdict.reasons(record)] if record.reasons else []
    if record.metrics:
        lines += ["", metric_table(record.metrics[""])]
    if record.settings:
        lines += ["", listed(record.settings)]
    return "\n".join(lines)


def compare(first: RunRecord, second: RunRecord) -> str:
    """Returns what differs between two runs, a line each, and the metrics of both.

    Hits of runs in which every user has one label are followed by their standard error,
    `sqrt(p (1 - p) / users)`.
    """
    rows = [("", first.run_id, second.run_id), ("status", first.status, second.status)]
    for one, other in (
        (_data(first), _data(second)),
        (first.counts, second.counts),
        (first.settings, second.settings),
    ):
        rows += _differences(one, other)
    measured = [run.metrics.get("", {}) for run in (first, second)]
    for name in sorted(measured[0].keys() | measured[1].keys()):
        rows.append((name, _metric(name, first), _metric(name, second)))
    return columns(rows)


def standard_error(name: str, record: RunRecord, part: str = "") -> float | None:
    """Returns the standard error of a hit rate, None where it does not follow from the record.

    Args:
        name: Name of the metric, such as "hit@10".
        record: The run.
        part: The slice; "": all users.
    """
    values = record.metrics.get(part, {})
    users = values.get("example_count", 0)
    if record.settings.get("split.method") != ONE_LABEL_EACH or not users:
        return None
    if not name.split(" ")[-1].startswith("hit@"):
        return None
    if name not in values:
        return None
    return math.sqrt(values[name] * (1 - values[name]) / users)


def _data(record: RunRecord) -> dict[str, Any]:
    return {"data": record.data, "span": record.span, "as of": record.as_of}


def flat(document: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Returns the values of nested mappings by their names with dots.

    >>> flat({"model": {"epochs": 5}, "span": 0})
    {'model.epochs': 5, 'span': 0}
    """
    values: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, Mapping):
            values |= flat(value, f"{prefix}{name}.")
        else:
            values[f"{prefix}{name}"] = value
    return values


def listed(values: Mapping[str, Any]) -> str:
    """Returns named values, a line each."""
    width = max(map(len, values))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in values.items())


def _metric(name: str, record: RunRecord) -> str:
    values = record.metrics.get("", {})
    if name not in values:
        return ""
    error = standard_error(name, record)
    return f"{values[name]:.4f}" if error is None else f"{values[name]:.4f} ± {error:.4f}"


def _differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (name, str(one.get(name, "")), str(other.get(name, "")))
        for name in sorted(one.keys() | other.keys())
        if one.get(name) != other.get(name)
    ]
