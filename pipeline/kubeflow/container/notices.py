"""What the outside world is told from a container on Kubeflow: as `pipeline.runs.outcome` does.

The Evaluator tells that a bundle is not blessed, the Pusher that one is pushed, and each component
that it failed. The Pusher, which mounts the folder of the versions, writes the gauges. What can't
be told is logged and fails nothing.
"""

import dataclasses
import json
import re
import time
from collections.abc import Mapping

from absl import logging

from pipeline import nodes
from pipeline.config import Notify
from pipeline.kubeflow.compiler.parameters_of_runs import PARAMETERS
from pipeline.kubeflow.container.executor_input import Json
from pipeline.monitoring import webhook
from pipeline.monitoring.notification import ANOMALY, FAILURE, NOT_BLESSED, PUSHED, Notification

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclasses.dataclass(frozen=True)
class Task:
    """The task that a container runs, and who is told of it."""

    name: str
    """Id of the component."""

    data_set: str
    """Name of the data set."""

    notify: Notify
    """Who is told."""

    sent: Json
    """The ExecutorInput, as the driver sent it."""

    environ: Mapping[str, str]
    """Environment variables, one of which may hold the webhook's URL."""

    def ended(self, made: Json) -> None:
        """Tells what came of the task.

        Args:
            made: The ExecutorOutput, with local URIs.
        """
        if self.name == nodes.PUSHER:
            self._write_gauges(failed=False)
            pushed = _artifact(made, "pushed_model")
            if pushed["metadata"].get("pushed"):
                self._send(self._pushed(pushed))
        if self.name == nodes.EVALUATOR:
            blessing = _artifact(made, "blessing")
            if not blessing["metadata"].get("blessed"):
                self._send(self._not_blessed(blessing, _artifact(made, "evaluation")))

    def failed(self, error: Exception) -> None:
        """Tells that the task failed; of a bundle that is not blessed the Evaluator has told.

        Args:
            error: Why.
        """
        blessed = True
        if self.name == nodes.PUSHER:
            blessed = self._is_blessed()
            self._write_gauges(failed=blessed)
        if blessed:
            lines = f"{self.name} failed: {error}".splitlines()
            reasons = tuple(line.strip() for line in lines if line.strip())
            kind = ANOMALY if self.name in nodes.GATES else FAILURE
            self._send(Notification(kind, self.run_id, self.data_set, reasons))

    @property
    def run_id(self) -> str:
        """The run's id, which the URI of every output holds; empty if none does."""
        match = UUID.search(json.dumps(self.sent["outputs"]["artifacts"]))
        return match[0] if match else ""

    def _not_blessed(self, blessing: Json, evaluation: Json) -> Notification:
        from components.evaluation import reasons, results

        sent = _artifact(self.sent["outputs"], "evaluation")
        return Notification(
            NOT_BLESSED,
            self.run_id,
            self.data_set,
            tuple(json.loads(blessing["metadata"].get(reasons.PROPERTY, "[]"))),
            results.metrics(evaluation["uri"]).get(results.OVERALL, {}),
            paths={"evaluation": sent["uri"]},
        )

    def _pushed(self, pushed: Json) -> Notification:
        from components.bundle import manifest
        from components.registry.pusher import DESTINATION, VERSION

        path = pushed["metadata"][DESTINATION]
        described = manifest.read(path)
        return Notification(
            PUSHED,
            self.run_id,
            self.data_set,
            metrics=described.push.get("metrics", {}) if described else {},
            version=pushed["metadata"][VERSION],
            paths={"pushed": path},
        )

    def _is_blessed(self) -> bool:
        return bool(_artifact(self.sent["inputs"], "model_blessing")["metadata"].get("blessed"))

    def _write_gauges(self, failed: bool) -> None:
        from pipeline.monitoring import gauges

        base = self.sent["inputs"]["parameterValues"][_key_of_serving_base()]
        of_run = gauges.of_run(time.time(), self._is_blessed() and not failed, failed)
        path = gauges.path_of(base, self.notify.metrics_file)
        try:
            gauges.write(path, base, of_run)
        except (OSError, ValueError) as error:
            logging.error("GAUGES NOT WRITTEN to %s: %s", path, error)

    def _send(self, notification: Notification) -> None:
        found = webhook.find(self.notify, self.environ)
        if found is None:
            return
        try:
            found.send(notification.body())
        except OSError as error:
            logging.error("NOBODY WAS TOLD (%s): %s", notification.kind, error)


def _artifact(side: Json, key: str) -> Json:
    """Returns the one artifact of a key, its metadata as a dictionary."""
    (artifact,) = side["artifacts"][key]["artifacts"]
    return {"metadata": {}, **artifact}


def _key_of_serving_base() -> str:
    """Returns the Pusher's parameter that holds the folder of the versions."""
    (place,) = (each for each in PARAMETERS["serving_base"] if each.startswith(f"{nodes.PUSHER}."))
    return place.removeprefix(f"{nodes.PUSHER}.")
