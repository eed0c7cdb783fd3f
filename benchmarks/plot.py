"""Draws hit@k against k of every model, a panel for each protocol: RESULTS.json PLOT.png."""

import json
import pathlib
import re
import statistics
import sys

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

KIND = {"P1": "raw", "P2": "masked", "P3": "masked"}


def main(results: str, picture: str) -> None:
    """Reads the results and writes the picture."""
    rows = json.loads(pathlib.Path(results).read_text())
    names = sorted({row["protocol"] for row in rows})
    figure, axes = pyplot.subplots(1, len(names), figsize=(6 * len(names), 5), squeeze=False)
    for axis, name in zip(axes[0], names, strict=True):
        for row in rows:
            if row["protocol"] == name:
                curve = points(row["figures"], KIND[name])
                ours = row["model"].startswith("ours")
                axis.plot(*zip(*curve, strict=True), label=row["model"], linewidth=3 if ours else 1)
        axis.set(title=name, xlabel="k", ylabel="hit@k", xscale="log")
        axis.grid(alpha=0.3)
        axis.legend()
    figure.tight_layout()
    figure.savefig(picture, dpi=120)


def points(figures: dict[str, list[float]], kind: str) -> list[tuple[int, float]]:
    """Returns k and the mean hit@k, ascending."""
    pattern = re.compile(rf"{kind} hit@(\d+)$")
    found = [(pattern.match(name), values) for name, values in figures.items()]
    return sorted((int(match[1]), statistics.mean(values)) for match, values in found if match)


if __name__ == "__main__":
    main(*sys.argv[1:])
