"""What is on the server: the latest version, the schedule, and how the latest runs ended."""

from typing import Any

from pipeline.kubeflow.api import deploy, failures, schedule
from pipeline.kubeflow.api.server import Server
from pipeline.runs import tables

SHOWN = 5


def read(server: Server) -> dict[str, Any]:
    """Returns the state of an environment, JSON-able.

    Args:
        server: The environment's.

    Raises:
        ServerError: The server refuses.
    """
    pipeline_id = server.pipeline_id()
    experiment_id = server.experiment_id()
    versions = server.latest_versions(pipeline_id, SHOWN) if pipeline_id else []
    names = {version.version_id: version.name for version in versions}
    return {
        "environment": server.environment.name,
        "pipeline": server.environment.pipeline_name if pipeline_id else None,
        "versions": [
            {"name": v.name, "created": v.created, "description": v.description} for v in versions
        ],
        "schedules": [
            {
                "id": run.recurring_run_id,
                "cron": schedule.cron_of(run),
                "on": schedule.is_on(run),
                "version": _version(server, run, names),
            }
            for run in server.schedules()
        ],
        "runs": [
            {
                "id": run.run_id,
                "name": run.display_name,
                "state": run.state or "not known yet",
                "version": _version(server, run, names),
                "created": str(run.created_at or ""),
                "error": run.error.message if run.error else "",
                **failures.explain(server, run),
            }
            for run in (server.runs(experiment_id, SHOWN) if experiment_id else [])
        ],
    }


def table(state: dict[str, Any]) -> str:
    """Returns the state for people."""
    if not state["pipeline"]:
        return (
            f"Nothing is deployed; `movielens kubeflow deploy --env {state['environment']}` does."
        )
    lines = [f"Pipeline {state['pipeline']}", "", "Latest versions:"]
    rows: list[tuple[str, ...]] = [
        (f"  {v['name']}", v["created"], deploy.brief(v["description"])) for v in state["versions"]
    ]
    lines.append(tables.columns(rows) if rows else "  none: the deployment broke off; repeat it")
    lines += ["", "Schedule (UTC, seconds first):"]
    rows = [
        (f"  {s['cron']}", "on" if s["on"] else "OFF", f"version {s['version']}")
        for s in state["schedules"]
    ]
    lines.append(tables.columns(rows) if rows else "  none")
    lines += ["", "Latest runs:"]
    rows = [(f"  {r['created']}", r["state"], r["name"], _headline(r)) for r in state["runs"]]
    lines.append(tables.columns(rows) if rows else "  none")
    for run in state["runs"]:
        lines += _details(run)
    return "\n".join(lines)


def _headline(run: dict[str, Any]) -> str:
    """Returns why a run failed in a line: the component, and what Kubeflow says of it."""
    return ": ".join(filter(None, (run.get("component"), run["error"])))


def _details(run: dict[str, Any]) -> list[str]:
    """Returns lines on a failed run: the last of its log, and where to look."""
    told = [run.get("log"), f"see {run['look']}" if "look" in run else None]
    lines = [f"    {line}" for line in told if line]
    return ["", f"  {run['name']}:", *lines] if lines else []


def _version(server: Server, run: Any, names: dict[str, str]) -> str:
    """Returns the name of the version that a run is of, remembered in `names`."""
    reference = run.pipeline_version_reference
    if not reference:
        return "unknown"  # made by hand, from a file
    identity = reference.pipeline_version_id
    if identity not in names:
        names[identity] = server.version_name(reference.pipeline_id, identity)
    return names[identity]
