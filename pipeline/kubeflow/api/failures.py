"""Why a run failed, or that nothing runs it any more: the details of its tasks, and its logs."""

import re
from typing import Any

from pipeline.kubeflow.api.server import FINAL, Server

FAILED, RUNNING = "FAILED", "RUNNING"
DRIVER = "-driver"  # Kubeflow's own task in front of each of ours
ROOT = "root"  # the pipeline itself, which has a driver too
EXECUTOR = "executor"  # Kubeflow's task with a component's pod
TEMPLATE = "system-container-impl"  # Argo's template of such pods, a part of their names
NOT_OURS = re.compile(r"[IWEF]\d{4} \d\d:|time=\S+ level=|Error: exit status")
"""Lines of Kubeflow's launcher and Argo's executor, which stand around ours in a pod's log."""

POD_GONE = re.compile(r"pods \S+ not found")


def explain(server: Server, run: Any) -> dict[str, str]:
    """Returns what is known of a run that failed or may be stuck; empty if it did neither.

    Args:
        server: The environment's.
        run: As the server lists it.

    Returns:
        Of a failed run `component`, `error`, `log` (its last line of ours) and `look` (what to
        do next), each where it is known; of a run that nothing runs any more `error`.
    """
    if run.state == FAILED:
        return _failure(server, server.run(run.run_id))
    if run.state in FINAL:
        return {}
    running = pods(server.run(run.run_id), RUNNING)
    if running and all(POD_GONE.search(server.log(run.run_id, pod)) for pod in running):
        return {
            "error": f"nothing runs it any more: {', '.join(running)} is gone, and Kubeflow goes "
            "on showing the run"
        }
    return {}


def _failure(server: Server, run: Any) -> dict[str, str]:
    message = run.error.message if run.error else ""
    failed = errors(run, FAILED)
    if not failed:
        return {"error": message or "no task failed: Kubeflow's list of tasks may be incomplete"}
    found = {"component": ", ".join(failed), "error": next(filter(None, failed.values()), message)}
    for pod in pods(run, FAILED)[:1]:
        found["log"] = last_line(server.log(run.run_id, pod))
        found["look"] = f"kubectl -n {server.environment.namespace} logs {pod} -c main"
    return {name: value for name, value in found.items() if value}


def errors(run: Any, state: str) -> dict[str, str]:
    """Returns the components of a run that are in a state, and what Kubeflow says of each.

    Args:
        run: The client's `V2beta1Run` with the details of its tasks.
        state: Such as "FAILED".
    """
    found: dict[str, str] = {}
    for task in _tasks(run):
        name = (task.display_name or "").removesuffix(DRIVER)
        if task.state == state and name in _components(run):
            found[name] = found.get(name) or _error(task)
    return found


def pods(run: Any, state: str) -> list[str]:
    """Returns the pods of components that are in a state, by name.

    Kubeflow tells the children of a task, not what it is itself. A component's task has its
    executor as a child; where Argo retries, the executor has its attempts.

    Args:
        run: The client's `V2beta1Run` with the details of its tasks.
        state: Such as "RUNNING".
    """
    parents = [task for task in _tasks(run) if task.state == state and task.child_tasks]
    executors = [task for task in parents if task.display_name == EXECUTOR]
    owners = executors or [task for task in parents if task.display_name in _components(run)]
    nodes = [task.child_tasks[-1].pod_name or "" for task in owners]
    return [f"{w}-{TEMPLATE}-{n}" for w, _, n in (x.rpartition("-") for x in nodes) if w]


def last_line(log: str) -> str:
    """Returns the last line that a component wrote into its pod's log; empty if there is none."""
    lines = [line.strip() for line in log.splitlines()]
    return next((line for line in reversed(lines) if line and not NOT_OURS.match(line)), "")


def _tasks(run: Any) -> list[Any]:
    return (run.run_details.task_details if run.run_details else None) or []


def _components(run: Any) -> set[str]:
    """Returns the names of a run's components: what has a driver, but for the pipeline itself."""
    names = [task.display_name or "" for task in _tasks(run)]
    return {name.removesuffix(DRIVER) for name in names if name.endswith(DRIVER)} - {ROOT}


def _error(task: Any) -> str:
    told = [task.error, *(entry.error for entry in reversed(task.state_history or []))]
    return next((error.message for error in told if error and error.message), "")
