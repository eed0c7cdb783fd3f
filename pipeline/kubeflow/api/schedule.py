"""Scheduling: one recurring run an environment, replaced without a moment with two."""

from typing import Any

from pipeline.kubeflow.api.connection import ScheduleGoneError, ServerError
from pipeline.kubeflow.api.server import ENABLED, Schedule, Server, Version
from pipeline.kubeflow.api.steps import Steps
from pipeline.kubeflow.environment.cron import check_cron


def schedule(
    server: Server, version: Version, cron: str, values: dict[str, Any], step: Steps
) -> None:
    """Makes one schedule the only one.

    A recurring run can't be changed, only replaced. The new one is made switched off; the old one
    is switched off before the new one is switched on, and deleted last. Breaking off anywhere
    leaves at most one that is on, and the next call clears up. A run that is under way goes on:
    where deleting its schedule would kill it, that stays, switched off, until a later call.

    Args:
        server: The environment's.
        version: What is run.
        cron: When, 6 fields.
        values: Of runtime parameters.
        step: Does or only says it.

    Raises:
        ValueError: The cron expression is not one.
        ServerError: The server refuses.
    """
    check_cron(cron)
    existing = server.schedules()
    wanted = Schedule(cron, version.version_id, values)
    kept = next((run for run in existing if is_on(run) and _is(run, wanted, server)), None)
    if kept is not None and not step.dry_run and not _starts_runs(server, kept):
        kept = None
    others = [run for run in existing if run is not kept]
    new_id = None
    if kept is None:
        new_id = step(
            f'create the schedule "{cron}" of version {version.name}, switched off',
            lambda: _create(server, version, wanted),
        )
    for run in filter(is_on, others):
        _switch_off(server, run, step)
    if kept is None:
        step("switch on the new schedule", lambda: _switch_on(server, new_id))
    for run in others:
        _delete(server, run, step)


def unschedule(server: Server, step: Steps) -> None:
    """Ends every schedule of the environment; runs that are under way go on.

    Raises:
        ServerError: The server refuses.
    """
    existing = server.schedules()
    for run in filter(is_on, existing):
        _switch_off(server, run, step)
    for run in existing:
        _delete(server, run, step)


def describe(run: Any) -> str:
    """Returns a recurring run in words."""
    state = "on" if is_on(run) else "off"
    return f'the schedule "{cron_of(run)}" ({run.recurring_run_id}, {state})'


def is_on(run: Any) -> bool:
    """Returns whether a recurring run starts runs."""
    return run.mode == ENABLED


def cron_of(run: Any) -> str:
    """Returns the cron expression of a recurring run; one made by hand may be of another kind."""
    cron = run.trigger.cron_schedule if run.trigger else None
    return cron.cron if cron else "no cron"


def _starts_runs(server: Server, run: Any) -> bool:
    """Returns whether a recurring run that is on has a Kubernetes object that starts its runs."""
    try:
        server.switch_on(run.recurring_run_id)
    except ScheduleGoneError:
        return False
    return True


def _switch_off(server: Server, run: Any, step: Steps) -> None:
    try:
        step(f"switch off {describe(run)}", lambda: server.switch_off(run.recurring_run_id))
    except ScheduleGoneError:
        step.say("  its Kubernetes object is gone, so it starts nothing any more")


def _delete(server: Server, run: Any, step: Steps) -> None:
    kept_by = None if server.spares_runs else server.under_way(run)
    if kept_by is not None:
        step.say(
            f"{describe(run)} stays, switched off: this server would kill its run "
            f"{kept_by.run_id}, which is under way. Once that has ended, give the same "
            "command again."
        )
        return
    step(f"delete {describe(run)}", lambda: server.delete_schedule(run.recurring_run_id))


def _create(server: Server, version: Version, wanted: Schedule) -> str:
    experiment_id = server.experiment_id() or server.create_experiment()
    return server.create_schedule(experiment_id, version, wanted.cron, wanted.parameters)


def _switch_on(server: Server, schedule_id: str | None) -> None:
    assert schedule_id is not None  # None in a dry run only, which does not come here
    try:
        server.switch_on(schedule_id)
    except ServerError as error:
        raise ServerError(
            f"{error} No schedule of {server.environment.pipeline_name} is on now: give the same "
            "command again."
        ) from None


def _is(run: Any, wanted: Schedule, server: Server) -> bool:
    """Returns whether a recurring run is what is wanted, in everything that we set."""
    runtime, reference = run.runtime_config, run.pipeline_version_reference
    return (
        cron_of(run) == wanted.cron
        and reference is not None
        and reference.pipeline_version_id == wanted.version_id
        and runtime is not None
        and (runtime.parameters or {}) == wanted.parameters
        and runtime.pipeline_root == server.environment.pipeline_root
        and run.service_account == server.environment.service_account
        and run.experiment_id == server.experiment_id()
        and str(run.max_concurrency) == "1"
        and bool(run.no_catchup)
    )
