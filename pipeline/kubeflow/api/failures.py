"""Why a run failed, or that nothing runs it any more: the details of its tasks, and its logs."""

import dataclasses
import re
from typing import Any

from pipeline.kubeflow.api.server import FINAL, Server

FAILED, RUNNING = "FAILED", "RUNNING"
DRIVER = "-driver"  # Kubeflow's own task in front of each of ours
ROOT = "root"  # the pipeline itself, which has a driver too
EXECUTORS = "system-container-impl"  # Argo's template of our pods, a part of their names
NOT_OURS = re.compile(r"[IWEF]\d{4} \d\d:|time=\S+ level=|Error: exit status")
"""Lines of Kubeflow's launcher and Argo's executor, which stand around ours in a pod's log."""

POD_GONE = re.compile(r"pods \S+ not found")


@dataclasses.dataclass(frozen=True)
class Task:
    """What became of a component in a run."""

    component: str
    """Its id."""

    error: str
    """What Kubeflow says; empty if nothing."""

    pod: str
    """Name of its pod; empty where Kubeflow does not tell."""


def explain(server: Server, run: Any) -> dict[str, str]:
    """Returns what is known of a run that failed or may be stuck; empty if it did neither.

    Args:
        server: The environment's.
        run: As the server lists it.

    Returns:
        Of a failed run `component`, `error`, `log` (its last line of ours) and `look` (what to
        do next), each where it is known; of a run that nothing runs any more `error`.
    """
    if run.state != FAILED and run.state in FINAL:
        return {}
    details = server.run(run.run_id)
    if run.state == FAILED:
        return _failure(server, details)
    for task in tasks(details, RUNNING):
        if task.pod and POD_GONE.search(server.log(run.run_id, task.pod)):
            return {
                "error": f"nothing runs it any more: the pod {task.pod} of {task.component} is "
                "gone, and Kubeflow goes on showing the run"
            }
    return {}


def _failure(server: Server, run: Any) -> dict[str, str]:
    message = run.error.message if run.error else ""
    failed = next(iter(tasks(run, FAILED)), None)
    if failed is None:
        return {"error": message or "no task failed: Kubeflow's list of tasks may be incomplete"}
    found = {"component": failed.component, "error": failed.error or message}
    if failed.pod:
        found["log"] = last_line(server.log(run.run_id, failed.pod))
        found["look"] = f"kubectl -n {server.environment.namespace} logs {failed.pod} -c main"
    return {name: value for name, value in found.items() if value}


def tasks(run: Any, state: str) -> list[Task]:
    """Returns the components of a run that are in a state.

    Args:
        run: The client's `V2beta1Run` with the details of its tasks.
        state: Such as "FAILED".
    """
    details = (run.run_details.task_details if run.run_details else None) or []
    names = [task.display_name or "" for task in details]
    components = {n.removesuffix(DRIVER) for n in names if n.endswith(DRIVER)} - {ROOT}
    found: dict[str, Task] = {}
    for task in details:
        name = (task.display_name or "").removesuffix(DRIVER)
        if task.state == state and name in components:
            pod = "" if task.display_name.endswith(DRIVER) else _pod(task)
            found.setdefault(name, Task(name, _error(task), pod))
    return list(found.values())


def last_line(log: str) -> str:
    """Returns the last line that a component wrote into its pod's log; empty if there is none."""
    lines = [line.strip() for line in log.splitlines()]
    return next((line for line in reversed(lines) if line and not NOT_OURS.match(line)), "")


def _error(task: Any) -> str:
    errors = [task.error, *(entry.error for entry in reversed(task.state_history or []))]
    return next((error.message for error in errors if error and error.message), "")


def _pod(task: Any) -> str:
    """Returns the pod of a component: Kubeflow gives the id of the node it is for."""
    node = next((child.pod_name for child in task.child_tasks or [] if child.pod_name), "")
    workflow, separator, number = node.rpartition("-")
    return f"{workflow}-{EXECUTORS}-{number}" if separator else ""
