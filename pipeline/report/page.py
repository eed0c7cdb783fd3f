"""The page: what a record says of a run, beside an earlier one."""

import importlib.resources
import os
from collections.abc import Sequence
from typing import Any

import jinja2
from markupsafe import Markup

from pipeline.report import charts
from pipeline.runs import description, records, verdict
from pipeline.runs.records import RunRecord
from pipeline.runs.tables import BESIDE

MAIN = "hit@10"
TEMPLATE = "report.html.j2"
WHAT_TO_DO = {
    records.BLESSED: "Nothing. The version is served, or waits for a promotion where labels say "
    "what is served.",
    records.NOT_BLESSED: "Nothing was pushed and the served version goes on. Look at the threshold "
    "that failed, then at what changed in the data or the settings.",
    records.FAILED: "Mend what the error names, and give the same command again: it goes on from "
    "what was finished.",
    records.INTERRUPTED: "Give the same command again: it goes on from what was finished.",
    records.KILLED: "Look for the reason (memory, the machine), and give the same command again.",
    records.RUNNING: "Wait until it has ended.",
}


def find_previous(record: RunRecord, runs: Sequence[RunRecord]) -> RunRecord | None:
    """Returns the last blessed run of the same model before this one; None if there is none.

    Args:
        record: The run.
        runs: All runs, oldest first.
    """
    earlier = [
        run
        for run in runs
        if run.run_id < record.run_id
        and run.status == records.BLESSED
        and run.model == record.model
    ]
    return earlier[-1] if earlier else None


def render(record: RunRecord, previous: RunRecord | None, runs: Sequence[RunRecord]) -> str:
    """Returns the page as HTML that loads nothing from elsewhere.

    Args:
        record: The run.
        previous: What it is compared with; None: nothing.
        runs: All runs, oldest first, for the line over runs.
    """
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    source = importlib.resources.files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8")
    return environment.from_string(source).render(
        run=record,
        previous=previous,
        what_to_do=WHAT_TO_DO[record.status],
        reasons=verdict.reasons(record),
        metrics=_metrics(record, previous),
        columns=["bundle", *_beside(record), *([previous.run_id] if previous else [])],
        main=MAIN,
        main_chart=_main_chart(record, previous),
        slices=_slices(record),
        behind=[bar.label for bar in _slice_bars(record) if bar.value < (bar.mark or 0)],
        history=_history(record, runs),
        data=_data(record, previous),
        features=_features(record),
        changed=_changed(record, previous),
        components=_components(record),
        version=os.path.basename(record.pushed or record.same_as),
    )


def _beside(record: RunRecord) -> dict[str, str]:
    """Returns the prefixes of the columns beside the bundle's that the run has, by title."""
    values = record.metrics.get("", {})
    return {
        title: prefix
        for title, prefix in BESIDE.items()
        if any(name.startswith(f"{prefix} ") for name in values)
    }


def _metrics(record: RunRecord, previous: RunRecord | None) -> list[list[str]]:
    """Returns a row for each metric: its name, the bundle's value, and those beside it."""
    values = record.metrics.get("", {})
    names = [name for name in values if f"popular {name}" in values]
    names.sort(key=lambda name: (name.split("@")[0], len(name), name))
    names += sorted(name for name in values if name.startswith("coverage"))
    rows = []
    for name in names:
        row = [name, _value(name, record)]
        row += [_value(f"{prefix} {name}", record) for prefix in _beside(record).values()]
        row += [_value(name, previous)] if previous else []
        rows.append(row)
    return rows


def _value(name: str, record: RunRecord) -> str:
    values = record.metrics.get("", {})
    if name not in values:
        return ""
    error = description.standard_error(name, record)
    return f"{values[name]:.4f}" if error is None else f"{values[name]:.4f} ± {error:.4f}"


def _main_chart(record: RunRecord, previous: RunRecord | None) -> Markup | None:
    values = record.metrics.get("", {})
    if MAIN not in values:
        return None
    shown = [("this run", record, MAIN)]
    shown += [(f"run {previous.run_id}", previous, MAIN)] if previous else []
    shown += [(title, record, f"{prefix} {MAIN}") for title, prefix in _beside(record).items()]
    rows = [
        charts.Bar(
            label,
            run.metrics[""][name],
            _value(name, run),
            description.standard_error(name, run),
        )
        for label, run, name in shown
        if name in run.metrics.get("", {})
    ]
    return charts.bars(rows, f"{MAIN} of this run and of what it is compared with")


def _slice_bars(record: RunRecord) -> list[charts.Bar]:
    return [
        charts.Bar(
            name,
            values[MAIN],
            f"{values[MAIN]:.4f}, {values.get('example_count', 0):.0f} users",
            description.standard_error(MAIN, record, name),
            values.get(f"popular {MAIN}"),
        )
        for name, values in sorted(record.metrics.items())
        if name and MAIN in values
    ]


def _slices(record: RunRecord) -> Markup | None:
    rows = _slice_bars(record)
    return charts.bars(rows, f"{MAIN} by slice") if rows else None


def _history(record: RunRecord, runs: Sequence[RunRecord]) -> Markup | None:
    """Returns the metric of all runs of the model up to this one; None where it is the first."""
    values = [
        (run.run_id, run.metrics[""][MAIN])
        for run in runs
        if run.model == record.model
        and run.run_id <= record.run_id
        and MAIN in run.metrics.get("", {})
    ]
    return charts.line(values, f"{MAIN} over runs") if len(values) > 1 else None


def _data(record: RunRecord, previous: RunRecord | None) -> list[tuple[str, str, str]]:
    """Returns counts of this run and of the previous one."""
    before = previous.counts if previous else {}
    return [
        (name, f"{count:,}", f"{before[name]:,}" if name in before else "")
        for name, count in sorted(record.counts.items())
    ]


def _features(record: RunRecord) -> list[tuple[str, str, str]]:
    """Returns whose each feature is, its name and kind."""
    tables: dict[str, Any] = {
        whose: (record.definition.get(whose) or {}).get("features", {})
        for whose in ("item", "user", "event")
    }
    return [
        (whose, name, feature["kind"])
        for whose, features in tables.items()
        for name, feature in features.items()
    ]


def _changed(record: RunRecord, previous: RunRecord | None) -> list[tuple[str, str, str]]:
    """Returns the settings that differ from the previous run's."""
    before = previous.settings if previous else {}
    return [
        (name, str(value), str(before.get(name, "")))
        for name, value in record.settings.items()
        if previous and before.get(name) != value
    ]


def _components(record: RunRecord) -> Markup | None:
    rows = [
        charts.Bar(
            name,
            entry["seconds"],
            "reused" if entry["cached"] else f"{entry['seconds']:.1f} s",
        )
        for name, entry in record.components.items()
    ]
    return charts.bars(rows, "seconds of each component") if rows else None
