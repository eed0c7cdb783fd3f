"""What the outside world is told of a run on this machine: by a webhook, and by gauges in a file.

Neither may fail a run: what can't be told is said on the terminal, once.
"""

import os
import time

from pipeline import nodes
from pipeline.config import PipelineConfig
from pipeline.monitoring.notification import (
    ANOMALY,
    FAILURE,
    NOT_BLESSED,
    PUSHED,
    Notification,
)
from pipeline.monitoring.webhook import Webhook
from pipeline.runs import records, verdict
from pipeline.runs.progress import Lines
from pipeline.runs.records import RunRecord


def tell(
    record: RunRecord,
    failed: str,
    config: PipelineConfig,
    webhook: Webhook | None,
    terminal: Lines,
) -> None:
    """Tells what came of a run that ended by itself.

    Args:
        record: The run.
        failed: The component that failed, if one did.
        config: What the run did.
        webhook: Who is told, if anybody is.
        terminal: What people look at.
    """
    from pipeline.monitoring import gauges

    if record.status == records.INTERRUPTED:
        return
    base = config.serving_base
    path = gauges.path_of(base, config.settings.notify.metrics_file)
    of_run = gauges.of_run(
        time.time(),
        record.status == records.BLESSED,
        record.status == records.FAILED,
        record.metrics.get("", {}).get("hit@10"),
    )
    try:
        gauges.write(path, base, of_run)
    except (OSError, ValueError) as error:
        terminal.line(f"GAUGES NOT WRITTEN to {path}: {error}")
    notification = of(record, failed)
    if webhook is None or notification is None:
        return
    try:
        webhook.send(notification.body())
    except OSError as error:
        terminal.line(f"NOBODY WAS TOLD that this run is {record.status}: {error}")


def of(record: RunRecord, failed: str = "") -> Notification | None:
    """Returns what is told of a run; None of one that changed nothing, and broke nothing.

    Args:
        record: The run.
        failed: The component that failed, if one did.
    """
    if record.status == records.FAILED:
        kind = ANOMALY if failed in nodes.GATES else FAILURE
    elif record.status == records.NOT_BLESSED:
        kind = NOT_BLESSED
    elif record.pushed:
        kind = PUSHED
    else:
        return None
    paths = {"output": record.output, "log": record.log, "pushed": record.pushed}
    return Notification(
        kind,
        record.run_id,
        record.model,
        tuple(verdict.reasons(record)),
        record.metrics.get("", {}),
        os.path.basename(record.pushed),
        {name: path for name, path in paths.items() if path},
    )
