"""Metrics under TensorFlow Serving's names, in Prometheus' text format.

The names keep their colons and counters get no `_total`, which is why this is not
`prometheus_client`: it renames both.
"""

import bisect
import threading
from collections.abc import Iterator

BOUNDS = tuple(10 * 1.8**power for power in range(33))
"""Upper bounds of a latency histogram's buckets, in microseconds, to some 20 minutes."""


class Counter:
    """Counter with a value for each combination of labels."""

    kind = "counter"

    def __init__(self, name: str, *labels: str) -> None:
        """Creates a counter with these label names."""
        self.name = name
        self._labels = labels
        self._lock = threading.Lock()
        self._values: dict[tuple[str, ...], float] = {}

    def add(self, amount: float, *labels: str) -> None:
        """Adds to the count of these label values."""
        with self._lock:
            self._values[labels] = self._values.get(labels, 0) + amount

    def lines(self) -> Iterator[str]:
        """Returns the lines of the page."""
        with self._lock:
            values = dict(self._values)
        for labels, value in values.items():
            yield f"{self.name}{{{_pairs(self._labels, labels)}}} {value:.0f}"


class Histogram:
    """Histogram of latencies for each combination of labels."""

    kind = "histogram"

    def __init__(self, name: str, *labels: str) -> None:
        """Creates a histogram with these label names."""
        self.name = name
        self._labels = labels
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}

    def observe(self, micros: float, *labels: str) -> None:
        """Adds a latency in microseconds."""
        with self._lock:
            buckets = self._buckets.setdefault(labels, [0] * (len(BOUNDS) + 1))
            buckets[bisect.bisect_left(BOUNDS, micros)] += 1
            self._sums[labels] = self._sums.get(labels, 0.0) + micros

    def lines(self) -> Iterator[str]:
        """Returns the lines of the page; the buckets are cumulative."""
        with self._lock:
            everything = {labels: list(buckets) for labels, buckets in self._buckets.items()}
            sums = dict(self._sums)
        for labels, buckets in everything.items():
            pairs = _pairs(self._labels, labels)
            total = 0
            for bound, count in zip([*BOUNDS, None], buckets, strict=True):
                total += count
                limit = "+Inf" if bound is None else f"{bound:g}"
                yield f'{self.name}_bucket{{{pairs},le="{limit}"}} {total}'
            yield f"{self.name}_sum{{{pairs}}} {sums[labels]:.0f}"
            yield f"{self.name}_count{{{pairs}}} {total}"


class Metrics:
    """All metrics of a server."""

    def __init__(self) -> None:
        """Creates the metrics, all at zero."""
        serving = ":tensorflow:serving:"
        self.requests = Counter(f"{serving}request_count", "model_name", "status")
        self.request_latency = Histogram(
            f"{serving}request_latency", "model_name", "API", "entrypoint"
        )
        self.runtime_latency = Histogram(
            f"{serving}runtime_latency", "model_name", "API", "runtime"
        )
        self.warmup_latency = Histogram(f"{serving}model_warmup_latency", "model_path", "status")
        self.load_attempts = Counter(
            ":tensorflow:cc:saved_model:load_attempt_count", "model_path", "status"
        )

    def page(self) -> str:
        """Returns the Prometheus page."""
        lines = []
        for metric in vars(self).values():
            lines += [f"# TYPE {metric.name} {metric.kind}", *metric.lines()]
        return "\n".join(lines) + "\n"


def _pairs(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    return ",".join(f'{name}="{_escape(text)}"' for name, text in zip(names, values, strict=True))


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
