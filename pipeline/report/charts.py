"""Charts as SVG texts, in the colours of the page that holds them."""

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

ROW = 22
LABELS, BARS, VALUES = 190, 340, 150
WIDTH = LABELS + BARS + VALUES
HEIGHT = 160
MARGIN = 12


class Bar(NamedTuple):
    """A row of a bar chart."""

    label: str
    value: float
    text: str
    """What is written beside the bar."""

    error: float | None = None
    """Half the length of the whisker; None: there is none."""

    mark: float | None = None
    """What it is compared with: a line across the bar; None: nothing."""


def bars(rows: Sequence[Bar], title: str) -> Markup:
    """Returns horizontal bars from 0 on, with whiskers and marks.

    Args:
        rows: From top to bottom; values are at least 0.
        title: What the chart shows, for those who can't see it.
    """
    largest = max((row.value + (row.error or 0) for row in rows), default=0)
    largest = max(largest, *(row.mark or 0 for row in rows)) if rows else 0
    scale = BARS / largest if largest else 0
    parts = []
    for number, row in enumerate(rows):
        middle = number * ROW + ROW / 2
        end = LABELS + row.value * scale
        parts.append(
            Markup('<text x="{}" y="{}" class="label">{}</text>').format(
                LABELS - 8, middle + 4, row.label
            )
        )
        parts.append(_rectangle(LABELS, middle - 6, row.value * scale, 12))
        if row.error:
            reach = row.error * scale
            parts.append(_line("whisker", max(LABELS, end - reach), middle, end + reach, middle))
        if row.mark is not None:
            at = LABELS + row.mark * scale
            parts.append(_line("mark", at, middle - 9, at, middle + 9))
        parts.append(
            Markup('<text x="{}" y="{}">{}</text>').format(LABELS + BARS + 10, middle + 4, row.text)
        )
    return _svg(parts, WIDTH, ROW * len(rows), title)


def line(values: Sequence[tuple[str, float]], title: str) -> Markup:
    """Returns a line through values in their order, from 0 on.

    Args:
        values: Name and value of each point; the first and last name are written below.
        title: What the chart shows, for those who can't see it.
    """
    largest = max((value for _, value in values), default=0) or 1
    step = (WIDTH - 2 * MARGIN) / max(1, len(values) - 1)
    points = [
        (MARGIN + number * step, HEIGHT - 40 - value / largest * (HEIGHT - 60))
        for number, (_, value) in enumerate(values)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts = [Markup('<polyline class="line" points="{}"/>').format(path)]
    for (name, value), (x, y) in zip(values, points, strict=True):
        dot = Markup('<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="4">{}</circle>')
        parts.append(dot.format(x, y, Markup("<title>{}: {:.4f}</title>").format(name, value)))
    if values:
        ends = [(values[0], points[0], "start"), (values[-1], points[-1], "end")]
        for (name, value), (x, y), anchor in ends[: len(values)]:
            for text, at in ((name, HEIGHT - 12), (f"{value:.4f}", y - 10)):
                parts.append(
                    Markup('<text x="{:.1f}" y="{:.1f}" style="text-anchor:{}">{}</text>').format(
                        x, at, anchor, text
                    )
                )
    return _svg(parts, WIDTH, HEIGHT, title)


def _rectangle(x: float, y: float, width: float, height: float) -> Markup:
    return Markup('<rect class="bar" x="{}" y="{}" width="{:.1f}" height="{}"/>').format(
        x, y, width, height
    )


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(
        kind, x1, y1, x2, y2
    )


def _svg(parts: Sequence[Markup], width: int, height: int, title: str) -> Markup:
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        width, height, title, Markup("").join(parts)
    )
