"""Plain text for people: metric tables, run lists, recommendations."""

from collections.abc import Sequence

from pipeline.runs.records import RunRecord

BESIDE = {"request time known": "timed", "popular": "popular", "recently popular": "recent"}
"""Prefix of the metrics in each column beside the bundle's, by its title."""


def metric_table(values: dict[str, float]) -> str:
    """Returns test metrics of the bundle beside popular and recently popular, a line each.

    A bundle that uses the time of the request has a column more: its metrics where it is told.

    Args:
        values: By metric name, such as "hit@10" and "popular hit@10".
    """
    names = [name for name in values if f"popular {name}" in values]
    names.sort(key=lambda name: (name.split("@")[0], len(name), name))
    shown = {
        title: prefix
        for title, prefix in BESIDE.items()
        if any(name.startswith(f"{prefix} ") for name in values)
    }
    rows = [("", "bundle", *shown)]
    for name in names:
        beside = [values.get(f"{prefix} {name}", float("nan")) for prefix in shown.values()]
        rows.append((name, *(f"{value:.4f}" for value in (values[name], *beside))))
    for name in sorted(name for name in values if name.startswith("coverage")):
        rows.append((name, f"{values[name]:.4f}", *("" for _ in shown)))
    return columns(rows)


def slice_table(metrics: dict[str, dict[str, float]], name: str = "hit@10") -> str:
    """Returns one metric by slice, beside popular."""
    rows = [("slice", "users", name, "popular")]
    for part, values in sorted(metrics.items()):
        if name in values:
            rows.append(
                (
                    part or "all",
                    f"{values.get('example_count', 0):.0f}",
                    f"{values[name]:.4f}",
                    f"{values.get(f'popular {name}', float('nan')):.4f}",
                )
            )
    return columns(rows)


def component_table(components: dict[str, dict]) -> str:
    """Returns the seconds of each component of a run."""
    rows = [
        (name, f"{entry['seconds']:.1f} s", "reused" if entry["cached"] else "")
        for name, entry in components.items()
    ]
    return columns(rows)


def run_table(records: Sequence[RunRecord]) -> str:
    """Returns a line for each run."""
    rows = [("run", "preset", "status", "seconds", "hit@10", "pushed")]
    for record in records:
        hit = record.metrics.get("", {}).get("hit@10")
        rows.append(
            (
                record.run_id,
                record.preset,
                record.status,
                f"{record.seconds:.0f}",
                f"{hit:.4f}" if hit is not None else "",
                record.pushed,
            )
        )
    return columns(rows)


def recommendations(
    who: str, known: bool, items: Sequence[tuple[str, str, float]], noun: str = "item"
) -> str:
    """Returns recommendations with titles, a line each.

    Args:
        who: For whom.
        known: Whether they are personal.
        items: Id, title and score, best first.
        noun: What people call an item.
    """
    kind = "recommended to" if known else "nothing is known, so what is popular lately is shown to"
    rows = [(f"  {i}", title, f"{score:.3f}") for i, title, score in items]
    listed = columns(rows) if rows else f"  no {noun} is left that was not seen"
    return f"\n{kind[0].upper()}{kind[1:]} {who}:\n{listed}"


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Returns rows of texts as aligned columns; numbers, which end in a digit, to the right."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if cell[-1:].isdigit() and index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
