"""Running spans one after another: the next run starts when the one before has succeeded."""

import datetime
import functools
import time
from typing import Any

from components.ingestion import spans
from pipeline.kubeflow.api import failures
from pipeline.kubeflow.api.connection import ServerError
from pipeline.kubeflow.api.server import FINAL, Server, Version
from pipeline.kubeflow.api.steps import Steps

EVERY = 30.0  # seconds between two looks at a run
SUCCEEDED, SPAN = "SUCCEEDED", "span"


def between(first: str, last: str) -> list[str]:
    """Returns the spans from one to another, both included, as people write them.

    Args:
        first: A number, or a date such as "2026-01-31".
        last: Likewise.

    Raises:
        ValueError: They are not both numbers or both dates, or in the wrong order.
    """
    start, end = spans.number(first), spans.number(last)
    if start is None or end is None or first.isdecimal() != last.isdecimal():
        raise ValueError(
            f"Spans are run from a number to a number, or from a date to a date, got {first!r} "
            f"and {last!r}."
        )
    if start > end:
        raise ValueError(
            f"There is no span from {first} to {last}: the first comes after the last."
        )
    if first.isdecimal():
        return [str(number) for number in range(start, end + 1)]
    dates = (spans.EPOCH + datetime.timedelta(days=number) for number in range(start, end + 1))
    return [date.isoformat() for date in dates]


def backfill(
    server: Server, version: Version, wanted: list[str], values: dict[str, Any], step: Steps
) -> None:
    """Runs spans one after another.

    Args:
        server: The environment's.
        version: What is run.
        wanted: The spans, the first first.
        values: Of other runtime parameters.
        step: Does or only says it.

    Raises:
        ValueError: The data is one folder, or the version knows no spans.
        ServerError: A run did not succeed; the message says which, and how to go on.
    """
    data = str(values.get("data", server.environment.data))
    if not spans.has_pattern(data):
        raise ValueError(f"{data!r} is one folder and has no spans: a pattern is /data/{{SPAN}}.")
    if SPAN not in version.parameters:
        raise ValueError(f"Version {version.name} has no parameter {SPAN!r}: deploy it anew.")
    for span in wanted:
        start = functools.partial(_start, server, version, span, values)
        run_id = step(f"start a run of span {span}", start)
        if run_id is not None:
            _wait(server, run_id, span)


def _start(server: Server, version: Version, span: str, values: dict[str, Any]) -> str:
    name = f"{server.environment.pipeline_name} {version.name} span {span}"
    experiment_id = server.experiment_id() or server.create_experiment()
    return server.start(experiment_id, version, name, {**values, SPAN: span})


def _wait(server: Server, run_id: str, span: str) -> None:
    """Waits until a run has ended.

    Raises:
        ServerError: It did not succeed.
    """
    while (run := server.run(run_id)).state not in FINAL:
        time.sleep(EVERY)
    if run.state != SUCCEEDED:
        why = failures.explain(server, run)
        told = ": ".join(why[key] for key in ("component", "log", "error") if key in why)
        raise ServerError(
            f"The run {run_id} of span {span} ended as {run.state} ({told or 'no reason given'}). "
            f"Later spans were not started; --from {span} goes on there."
        )
